/*
 * Makes the calls with which the plugin in tests/plugin does something.
 *
 * Arguments: "calls"; or what is to panic, "before" or "after"; or to fault, "faults_before" or "faults_after". Then it looks whether
 * the plugin is still there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"

static void
paths(void)
{
	static char name[5000];
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;
	char byte;

	CHECK((fd = open("/redirected", O_RDONLY)) >= 0 && read(fd, &byte, 1) == 0 && close(fd) == 0);
	CHECK(open("/redirected/not", O_RDONLY) == -1 && errno == ENOENT);
	CHECK(open((char *) 8, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(open((char *) -8, O_RDONLY) == -1 && errno == EFAULT);
	memset(name, 'x', sizeof(name) - 1);
	CHECK(open(name, O_RDONLY) == -1 && errno == ENAMETOOLONG);
	/* One that ends with the last byte that can be read, and one that has no end there. */
	CHECK(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	memcpy(pages + 4096 - 12, "/redirected", 12);
	CHECK((fd = open(pages + 4096 - 12, O_RDONLY)) >= 0 && close(fd) == 0);
	pages[4095] = 'x';
	CHECK(open(pages + 4096 - 12, O_RDONLY) == -1 && errno == EFAULT);
}

static void
buffers(void)
{
	unsigned char random[80] = "";
	char text[8] = "";
	int fds[2];

	CHECK(getrandom(random, sizeof(random), 0) == 64 && random[0] == 4 && random[63] == 4 && random[64] == 0);
	memset(random, 0, sizeof(random));
	CHECK(getrandom(random, 3, 0) == 3 && random[2] == 4 && random[3] == 0);
	CHECK(syscall(SYS_getrandom, 16, 3, 0) == -1 && errno == EFAULT);
	CHECK(pipe(fds) == 0 && write(fds[1], "abc", 3) == 3);
	CHECK(read(fds[0], text, 7) == 3 && strcmp(text, "ABC") == 0);
	CHECK(read(1000, text, 7) == -1 && errno == EBADF);
}

int
main(int argc, char **argv)
{
	struct utsname name;

	if (argc > 1 && strcmp(argv[1], "before") == 0)
		CHECK(sched_yield() == 0);
	if (argc > 1 && strcmp(argv[1], "after") == 0)
		CHECK(uname(&name) == 0 && strcmp(name.sysname, "Linux") == 0);
	if (argc > 1 && strcmp(argv[1], "faults_before") == 0) {
		int copy = dup(1);

		CHECK(copy > 2 && fcntl(copy, F_GETFD) == 0);
	}
	if (argc > 1 && strcmp(argv[1], "faults_after") == 0) {
		(void) umask(S_IWGRP | S_IWOTH);
		CHECK(umask(0) == (S_IWGRP | S_IWOTH));
	}
	if (argc > 1 && strcmp(argv[1], "calls") == 0) {
		paths();
		buffers();
		CHECK(write(99, "to stdout\n", 10) == 1010);
		CHECK(syscall(SYS_getppid) == -1 && errno == EPERM);
		CHECK(syscall(SYS_getuid) == 0 || syscall(SYS_getuid) > 0);
		return 0;
	}
	/* Whether the plugin is still asked. */
	return open("/redirected", O_RDONLY) >= 0;
}
