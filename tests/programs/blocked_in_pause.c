/* For debuggers: says that it is ready, and waits in a system call, three functions deep. */
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) static int
inner(void)
{
	return pause();
}

__attribute__((noinline)) static int
outer(void)
{
	return inner() + 1;
}

int
main(void)
{
	puts("ready");
	fflush(stdout);
	return outer();
}
