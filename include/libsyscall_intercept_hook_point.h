/*
 * libsyscall_intercept_hook_point.h - intercepting system calls, the original interface
 *
 * Programs and plugins written for pmem's libsyscall_intercept compile with this header and run with this library unchanged.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef LIBSYSCALL_INTERCEPT_HOOK_POINT_H
#define LIBSYSCALL_INTERCEPT_HOOK_POINT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Assign a function to this variable to see each system call before it is made.
 *
 * Returns 0 if it has handled the call: the program gets *result, a value or a negated errno, and no call is made. Any other
 * return value asks for the call to be made with the arguments it came with.
 *
 * The hook runs on the thread that makes the call, also inside malloc and in signal handlers. It may call anything: the system
 * calls it makes are not intercepted, and errno is kept for the program. But in the calls that malloc itself makes (brk, mmap,
 * munmap, mremap, mprotect, madvise) it must not allocate: the heap is in the middle of a change then.
 */
extern int (*intercept_hook_point)(long syscall_number,
			long arg0, long arg1,
			long arg2, long arg3,
			long arg4, long arg5,
			long *result);

/*
 * Called after each call that was made, with its arguments and its result as the kernel gave it. Not called for calls that a
 * hook has handled, nor for those that do not return (exit, exit_group, a successful execve, rt_sigreturn). For a clone3 or
 * vfork that was made by way of libc's syscall(), the number is that of clone.
 */
extern void (*intercept_hook_point_post_kernel)(long syscall_number,
			long arg0, long arg1,
			long arg2, long arg3,
			long arg4, long arg5,
			long result);

/*
 * Called in each new thread and process before it returns from clone, clone3, fork or vfork. The child of a vfork shares the
 * memory of its parent.
 */
extern void (*intercept_hook_point_clone_child)(void);

/* Called after a thread or a process was made, in the thread that made it, with the id of the new one. */
extern void (*intercept_hook_point_clone_parent)(long pid);

/*
 * Makes a system call that no hook sees. Returns what the kernel returns, a negated errno on failure; errno is not touched.
 * In a hook of a thread that is being cancelled, the call that the hook was asked about fails with EINTR if it may wait.
 */
long syscall_no_intercept(long syscall_number, ...);

/* The errno in a result of syscall_no_intercept or of a hook, or 0 if it is no error. */
static inline int
syscall_error_code(long result)
{
	if (result < 0 && result >= -0x1000)
		return (int)-result;

	return 0;
}

/*
 * Whether hooks see the system calls of this process: 0 if INTERCEPT_HOOK_CMDLINE_FILTER names another program, otherwise 1.
 */
int syscall_hook_in_process_allowed(void);

#ifdef __cplusplus
}
#endif

#endif
