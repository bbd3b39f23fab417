/* A program that a dynamic loader loads and that needs no libc: it ends by a system call of its own. */
#include <sys/syscall.h>

void _start(void);

void
_start(void)
{
	__asm__ volatile ("syscall" : : "a" (SYS_exit_group), "D" (0));
	__builtin_unreachable();
}
