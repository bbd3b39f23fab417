/* A library that a program may open: it has libc ask for the parent. */
#include <unistd.h>

int asks_getppid(void);

int
asks_getppid(void)
{
	return getppid();
}
