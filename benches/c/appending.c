/*
 * Yardstick: makes the call, and appends to the file APPEND_TO as much as the log would: two lines of fixed text, by one write.
 * Nothing is found out and nothing is formatted, so no log that writes can cost less.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE(result) "/lib/x86_64-linux-gnu/libc.so.6 0xd54f5 -- syscall(110, 0x7ffd454ef9f2, 0x556c377b3004, 0x0, " \
	"0x7fcf0fa2d590, 0x0, 0x7fcf0fead6d0) = " result "\n"

int asked;

static const char lines[] = LINE("?") LINE("22304");
static int file;

pid_t
getppid(void)
{
	asked = 1;
	pid_t parent = (pid_t) syscall(SYS_getppid);
	if (write(file, lines, sizeof(lines) - 1) != sizeof(lines) - 1)
		abort();
	return parent;
}

static __attribute__((constructor)) void
start(void)
{
	const char *path = getenv("APPEND_TO");

	file = open(path != NULL ? path : "", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0) {
		perror("APPEND_TO");
		_Exit(77);
	}
}
