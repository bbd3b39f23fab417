/*
 * Says whether its system calls are intercepted: those of libc, its own, and what the library says about it. With ELSEWHERE its own
 * are in a library, which this file is with LIBRARY.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) long own_getppid(void);

#ifndef ELSEWHERE
long
own_getppid(void)
{
	long result;

	__asm__ volatile ("syscall" : "=a" (result) : "0" ((long) SYS_getppid) : "rcx", "r11", "memory");
	return result;
}
#endif

#ifndef LIBRARY
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
#endif
