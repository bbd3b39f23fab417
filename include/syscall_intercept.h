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
