/*
 * Makes processes and threads by the system calls themselves, in every way the kernel offers and in some that it refuses, and
 * prints what came of it.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define STACK 0x40000
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static char *stack, *tls;
static volatile int ran;

/* Makes a call; the child, wherever it is, ends at once with status 21. The stack of the parent stays untouched. */
static __attribute__((noinline)) long
call(long number, long a0, long a1, long a2, long a3, long a4)
{
	register long r10 __asm__ ("r10") = a3;
	register long r8 __asm__ ("r8") = a4;
	long result;

	__asm__ volatile (
		"	syscall\n"
		"	test	%%rax, %%rax\n"
		"	jnz	1f\n"
		"	mov	$60, %%eax\n"
		"	mov	$21, %%edi\n"
		"	syscall\n"
		"1:\n"
		: "=a" (result) : "0" (number), "D" (a0), "S" (a1), "d" (a2), "r" (r10), "r" (r8) : "rcx", "r11", "memory");
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* Where the child of a `syscall` on another stack returns to. */
static void
on_its_own_stack(void)
{
	char large[10000];

	memset(large, ran, sizeof(large));
	ran = (large[9999] == ran) + (getpid() > 0);
	syscall(SYS_exit, 22);
}

/* A stack from which `syscall` returns there: as after a call, at 8 beyond a multiple of 16. */
static char *
prepared_stack(void)
{
	char *top = stack + STACK - 64;
	void *target = on_its_own_stack;

	ran = 0;
	memcpy(top - 8, &target, sizeof(target));
	return top - 8;
}

static void
say(const char *what, long result)
{
	int status = 0;

	if (result == -1) {
		printf("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	CHECK(waitpid(result, &status, __WALL) == result);
	printf("%s: child with status %x\n", what, status);
}

static void
processes(void)
{
	struct clone_args fork_like = {.exit_signal = SIGCHLD};
	struct clone_args vfork_like = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
	struct clone_args with_stack = vfork_like, with_pidfd = fork_like, copied_with_stack = fork_like;
	int pidfd = -1;

	say("fork", call(SYS_fork, 0, 0, 0, 0, 0));
	say("vfork", call(SYS_vfork, 0, 0, 0, 0, 0));
	say("clone like fork", call(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	say("clone like vfork", call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
	say("clone with a stack", call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, (long) (stack + STACK), 0, 0, 0));
	say("clone without signal", call(SYS_clone, 0, 0, 0, 0, 0));
	say("clone3 like fork", call(SYS_clone3, (long) &fork_like, sizeof(fork_like), 0, 0, 0));
	say("clone3 of the first size", call(SYS_clone3, (long) &fork_like, CLONE_ARGS_SIZE_VER0, 0, 0, 0));
	say("clone3 like vfork", call(SYS_clone3, (long) &vfork_like, sizeof(vfork_like), 0, 0, 0));
	with_stack.stack = copied_with_stack.stack = (long) stack;
	with_stack.stack_size = copied_with_stack.stack_size = STACK;
	say("clone3 with a stack", call(SYS_clone3, (long) &with_stack, sizeof(with_stack), 0, 0, 0));
	say("clone3 with a copied stack", call(SYS_clone3, (long) &copied_with_stack, sizeof(with_stack), 0, 0, 0));
	with_pidfd.flags = CLONE_PIDFD;
	with_pidfd.pidfd = (long) &pidfd;
	say("clone3 with a pidfd", call(SYS_clone3, (long) &with_pidfd, sizeof(with_pidfd), 0, 0, 0));
	CHECK(pidfd >= 0 && close(pidfd) == 0);

	/* Through libc's function. */
	say("syscall(SYS_clone)",
		syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, prepared_stack(), NULL, NULL, NULL));
	printf("ran: %d\n", ran);
	with_stack.stack_size = prepared_stack() - stack;
	say("syscall(SYS_clone3)", syscall(SYS_clone3, &with_stack, sizeof(with_stack)));
	printf("ran: %d\n", ran);
}

/* A thread without libc: with thread-local storage of its own, in which all is zero. */
static void
threads(void)
{
	struct clone_args thread = {.flags = THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID};
	volatile int parent_tid = 0, child_tid = 1;
	void *self = tls + STACK / 2;

	memcpy(self, &self, sizeof(self));
	memcpy((char *) self + 16, &self, sizeof(self));
	for (int i = 0; i < 2; i++) {
		long id;

		child_tid = 1;
		thread.tls = (long) self;
		thread.parent_tid = (long) &parent_tid;
		thread.child_tid = (long) &child_tid;
		thread.stack = (long) stack;
		thread.stack_size = prepared_stack() - stack;
		if (i == 0)
			id = syscall(SYS_clone3, &thread, sizeof(thread));
		else
			id = syscall(SYS_clone, thread.flags, prepared_stack(), &parent_tid, &child_tid, self);
		while (child_tid != 0)
			syscall(SYS_futex, &child_tid, FUTEX_WAIT, 1, NULL, NULL, 0);
		printf("thread: id %d, in the parent %d, ran %d\n", id > 0, parent_tid == id, ran);
	}
}

static void
refused(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD}, *edge = (void *) (stack + STACK - 16);
	long long unreadable = (long) (stack + STACK);

	CHECK(mprotect((void *) unreadable, 4096, PROT_NONE) == 0);
	memset(edge, 0, 16);
	say("clone3(NULL)", call(SYS_clone3, 0, sizeof(args), 0, 0, 0));
	say("clone3(1)", call(SYS_clone3, 1, sizeof(args), 0, 0, 0));
	say("clone3(-1)", call(SYS_clone3, -1, sizeof(args), 0, 0, 0));
	say("clone3(unreadable)", call(SYS_clone3, unreadable, sizeof(args), 0, 0, 0));
	say("clone3(cut off)", call(SYS_clone3, (long) edge, sizeof(args), 0, 0, 0));
	say("clone3(NULL, 0)", call(SYS_clone3, 0, 0, 0, 0, 0));
	say("clone3(too small)", call(SYS_clone3, (long) &args, 8, 0, 0, 0));
	say("clone3(too large)", call(SYS_clone3, (long) &args, 100000, 0, 0, 0));
	args.exit_signal = 0x1000;
	say("clone3 with a bad signal", call(SYS_clone3, (long) &args, sizeof(args), 0, 0, 0));
	args.exit_signal = SIGCHLD;
	args.stack = (long) stack;
	say("clone3 without stack size", call(SYS_clone3, (long) &args, sizeof(args), 0, 0, 0));
	args.stack = 0;
	args.flags = CLONE_THREAD;
	say("clone3 of half a thread", call(SYS_clone3, (long) &args, sizeof(args), 0, 0, 0));
	args.flags = 1ull << 50;
	say("clone3 with unknown flags", call(SYS_clone3, (long) &args, sizeof(args), 0, 0, 0));
	args.flags = CLONE_PIDFD;
	args.pidfd = 8;
	say("clone3 with a bad pidfd", call(SYS_clone3, (long) &args, sizeof(args), 0, 0, 0));
	say("clone of half a thread", call(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	say("clone with bad id pointers",
		call(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 16, unreadable, 0));
	say("clone of a new namespace and shared files", call(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
	say("clone with a bad TLS", call(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, -1));
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	stack = mmap(NULL, STACK + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tls = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stack != MAP_FAILED && tls != MAP_FAILED);
	processes();
	threads();
	refused();
	return 0;
}
