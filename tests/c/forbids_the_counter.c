/* A library that forbids to read the time stamp counter before the program, and whatever is loaded before it, begins. */
#include <sys/prctl.h>

__attribute__((constructor)) static void
forbid(void)
{
	prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
}
