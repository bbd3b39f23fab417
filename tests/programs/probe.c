/* Prints how many hooks have seen its system call. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "probe.h"

int
main(void)
{
	int seen = 0;

	syscall(PROBE, &seen);
	printf("%d\n", seen);
	return 0;
}
