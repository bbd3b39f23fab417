/*
 * syscall_intercept.h - what this library adds to the original interface
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef SYSCALL_INTERCEPT_H
#define SYSCALL_INTERCEPT_H

#include <stddef.h>

#include <libsyscall_intercept_hook_point.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A hook, as described at intercept_hook_point. */
typedef int intercept_hook(long syscall_number,
			long arg0, long arg1,
			long arg2, long arg3,
			long arg4, long arg5,
			long *result);

/*
 * Adds a hook. Hooks are asked in the order in which they were added, then intercept_hook_point; the first that handles the
 * call ends the round. Returns 0, or -1 if there are too many. May be called at any time and from anywhere.
 */
int intercept_add_hook(intercept_hook *hook);

/*
 * The same for a hook that wants to see calls of these numbers alone; with NULL, of all.
 */
int intercept_add_hook_for(intercept_hook *hook, const long *numbers, size_t count);

/* A system call, as hooks with data see it. More may follow behind these in later versions. */
struct intercept_call {
	long number;
	long args[6];
	long result;
	int made;       /* after a call: whether the kernel has made it, and not a hook answered it */
};

/* What a hook before a call answers. */
enum intercept_answer {
	INTERCEPT_HANDLED = 0,  /* no call is made, the program gets call->result: a value or a negated errno */
	INTERCEPT_FORWARD = 1,  /* the call is made with call->args, which the hook may have changed */
	INTERCEPT_OBSERVE = 2   /* the same, and the hook after the call that was added with this one is called */
};

/*
 * Changed arguments count for hooks that are asked later, too. Those of clone, clone3 and vfork cannot be changed. A call whose
 * arguments were changed is made in the library, as syscall_no_intercept makes it.
 */
typedef int intercept_before(struct intercept_call *call, void *data);

/*
 * Sees the arguments the call was made with and the result, and may change call->result: the program gets that. Hooks after
 * calls are called in the reverse order of being added, and after intercept_hook_point_post_kernel. If a hook has answered a
 * call, those see the answer that were added before it; those added after it do not. None is called for calls that do not return.
 */
typedef void intercept_after(struct intercept_call *call, void *data);

/*
 * Adds a hook before calls, one after calls, or both; NULL is none. Both are given the data. If there is one before calls, the one
 * after is called where that has returned INTERCEPT_OBSERVE (and after clone, clone3 and vfork wherever anybody wants it);
 * otherwise it is called for all calls. For calls of these numbers alone; with NULL, for all.
 *
 * The order is that of intercept_add_hook. Returns a number greater than zero by which to remove them, or -1 if there are too
 * many. May be called at any time and from anywhere.
 */
long intercept_add_hooks(intercept_before *before, intercept_after *after, void *data, const long *numbers, size_t count);

/*
 * The same for hooks in a shield: if an instruction of theirs raises SIGSEGV, SIGBUS, SIGILL or SIGFPE, a line on stderr says so,
 * both are removed, and the call and the process go on as if they had not been asked. Nothing that they were doing is finished or
 * undone: locks stay locked, also those of libc. (Otherwise the line is followed by what is without this library: the program's
 * handler, or death.)
 *
 * In the environment INTERCEPT_ON_FAULT=disable puts all hooks into the shield, intercept_hook_point and its fellows too, and
 * INTERCEPT_ON_FAULT=abort takes all out of it.
 */
long intercept_add_shielded_hooks(intercept_before *before, intercept_after *after, void *data, const long *numbers, size_t count);

/*
 * Removes what was added under this number: no call that begins after it has returned comes to these hooks. It does not wait: on
 * other threads they may be running, or be about to begin, for a while. So neither the data nor the code may go away because of it.
 *
 * Returns 0, or -1 if there is nothing under this number. May be called at any time and from anywhere, also in the hook itself.
 */
int intercept_remove_hooks(long id);

/*
 * Switches off all hooks of the process, in C and in Rust, and on again. Hooks that are running run on. Twice is as once. A log goes
 * on. May be called at any time and from anywhere.
 */
void intercept_disable(void);
void intercept_enable(void);

/* How the system call sites of an object are patched. Those of calls that nobody has declared to want are not counted. */
struct intercept_object {
	const char *path;
	size_t in_place;        /* a jump over what comes before; the call is made by the original instruction */
	size_t in_place_short;  /* the same with a jump of two bytes */
	size_t in_stub;         /* a jump over the instruction, too: the call is made elsewhere */
	size_t in_stub_short;   /* the same with a jump of two bytes */
	size_t left_alone;      /* not patched: no hook sees these calls */
};

/*
 * Calls a function for each object that is patched, until it returns something else than 0; returns that, or 0. The object and its
 * path stay. May be called from anywhere.
 */
int intercept_sites(int (*each)(const struct intercept_object *object, void *data), void *data);

/*
 * Declares, once in a program or plugin and outside of any function, that intercept_hook_point and its fellows want to see
 * calls of these numbers alone:
 *
 *     INTERCEPT_SUBSCRIBE(SYS_openat, SYS_open)
 *
 * No semicolon follows: there is one in it, and -pedantic takes exception to a second one in C.
 *
 * The library finds this before it patches anything: where no hook wants a call its code in libc stays as it is, which makes
 * programs start faster and such calls cost nothing. If one of several plugins in C declares what it wants, all must.
 */
#ifdef __cplusplus
#define INTERCEPT_SUBSCRIBE(...) extern "C" { INTERCEPT_SUBSCRIPTION(__VA_ARGS__) }
#else
#define INTERCEPT_SUBSCRIBE(...) INTERCEPT_SUBSCRIPTION(__VA_ARGS__)
#endif
#define INTERCEPT_SUBSCRIPTION(...) \
	extern __attribute__((visibility("default"))) const long intercept_subscription[]; \
	const long intercept_subscription[] = {__VA_ARGS__, -1};

/*
 * Changes at run time which calls intercept_hook_point and its fellows see; with NULL, all. Returns 0; or -1, and changes
 * nothing, if less was declared with INTERCEPT_SUBSCRIBE. May be called at any time and from anywhere.
 */
int intercept_subscribe(const long *numbers, size_t count);

/* The version of the library that does the work in this process, "MAJOR.MINOR.PATCH". */
const char *intercept_version(void);

#ifdef __cplusplus
}
#endif

#endif
