/*
 * Makes calls of which nothing can be seen, and one of which it can: by the vdso, by code that it makes, by libc.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

int
main(void)
{
	/* mov $110, %eax; syscall; ret */
	static const unsigned char code[] = {0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0xc3};
	struct timespec now;
	long (*made)(void);

	CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	memcpy(memory, code, sizeof(code));
	CHECK(mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0);
	memcpy(&made, &memory, sizeof(made));
	CHECK(made() == getppid());
	return 0;
}
