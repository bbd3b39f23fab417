/*
 * Uses every descriptor it may have: opens files until there is no number left, then puts one of its own on each number. Prints how
 * many there were. Calls that only a log takes note of go on meanwhile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

int
main(void)
{
	struct rlimit limit;
	int last = -1, count = 0, fd, null;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	printf("limit %ld\n", (long) limit.rlim_cur);
	while ((fd = open("/dev/null", O_RDWR)) >= 0) {
		CHECK(fd > last);
		last = fd;
		count++;
	}
	CHECK(errno == EMFILE);
	printf("%d files, the last is %d\n", count, last);
	CHECK((null = dup2(last, 3)) == 3);
	for (fd = 4; fd < (int) limit.rlim_cur; fd++)
		CHECK(dup2(null, fd) == fd && access("/no/such/file", R_OK) == -1);
	for (fd = 3; fd < (int) limit.rlim_cur; fd++)
		CHECK(write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK(close(3) == -1 && errno == EBADF);
	return 0;
}
