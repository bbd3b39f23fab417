/*
 * syscall_intercept.h - what this library adds to the original interface
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef SYSCALL_INTERCEPT_H
#define SYSCALL_INTERCEPT_H

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

/* The version of the library that does the work in this process, "MAJOR.MINOR.PATCH". */
const char *intercept_version(void);

#ifdef __cplusplus
}
#endif

#endif
