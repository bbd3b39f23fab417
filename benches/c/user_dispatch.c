/* Yardstick: Syscall User Dispatch. The kernel answers every call from outside our own code with a SIGSYS. */
#include <sys/prctl.h>

#include "own_call.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

static void
on_sigsys(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) info;
	serve(((ucontext_t *) context)->uc_mcontext.gregs);
}

static __attribute__((constructor)) void
start(void)
{
	handle(SIGSYS, on_sigsys);
	long length = __stop_own_calls - __start_own_calls;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, __start_own_calls, length, NULL) != 0)
		give_up("Syscall User Dispatch");
}
