/* syscall() with up to six arguments, good ones and bad ones. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

int
main(void)
{
	char byte = 0;
	int fd;
	long address;

	CHECK(syscall(SYS_getpid) == getpid());
	CHECK((fd = (int) syscall(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY, 0)) >= 0);
	address = syscall(SYS_mmap, NULL, 8192L, (long) PROT_READ, (long) MAP_PRIVATE, (long) fd, 4096L);
	CHECK(address > 0 && address % 4096 == 0);
	CHECK(pread(fd, &byte, 1, 4096 + 17) == 1 && ((char *) address)[17] == byte);
	CHECK(syscall(SYS_pread64, fd, &byte, 1L, 1L) == 1 && byte == 'E');
	CHECK(syscall(SYS_pread64, fd, 8L, 1L, 1L) == -1 && errno == EFAULT);
	CHECK(syscall(600L) == -1 && errno == ENOSYS);
	CHECK(syscall(-1L) == -1 && errno == ENOSYS);
	puts("done");
	return 0;
}
