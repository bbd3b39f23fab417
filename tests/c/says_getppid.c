/* Says whether its system calls are intercepted: those of libc, its own, and what the library says about it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long
own_getppid(void)
{
	long result;

	__asm__ volatile ("syscall" : "=a" (result) : "0" ((long) SYS_getppid) : "rcx", "r11", "memory");
	return result;
}

static const char *
spelled(long parent)
{
	return parent == 4242 ? "intercepted" : "bare";
}

int
main(void)
{
	int (*allowed)(void);

	*(void **) &allowed = dlsym(RTLD_DEFAULT, "syscall_hook_in_process_allowed");
	printf("libc %s, own %s, allowed %d\n", spelled(getppid()), spelled(own_getppid()), allowed ? allowed() : -1);
	return 0;
}
