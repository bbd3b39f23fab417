/* Calls for the log to show, between two calls of close that fail. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int
main(int argc, char **argv)
{
	const char *file = argv[1];
	char text[16] = "";
	int fd, status;
	pid_t pid;

	CHECK(argc == 2);
	CHECK(close(1001) == -1 && errno == EBADF);
	CHECK(open("/no/such/file", O_RDONLY) == -1 && errno == ENOENT);
	CHECK((fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0644)) >= 0);
	CHECK(write(fd, "a\tb\n\"c\"\x01", 8) == 8);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(read(fd, text, sizeof(text)) == 8 && memcmp(text, "a\tb\n", 4) == 0);
	/* Bad pointers are the kernel's to refuse. */
	CHECK(syscall(SYS_openat, AT_FDCWD, (void *) 0x1234, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_write, fd, (void *) 0x1234, 5) == -1 && errno == EFAULT);
	CHECK(syscall(600, 1) == -1 && errno == ENOSYS);
	CHECK((pid = fork()) >= 0);
	if (pid == 0) {
		CHECK(close(1002) == -1 && errno == EBADF);
		_exit(5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	CHECK(close(fd) == 0);
	CHECK(close(1003) == -1 && errno == EBADF);
	printf("child %d of %d\n", pid, getpid());
	return 0;
}
