/* Switches the log on and off the way test programs of the original library do. Status 2 if the writes are ordinary ones. */
#include <unistd.h>
#include <sys/syscall.h>

#include "check.h"

static const char start[] = "SYSCALL_INTERCEPT_TEST_START_LOG";
static const char stop[] = "SYSCALL_INTERCEPT_TEST_STOP_LOG";

int
main(int argc, char **argv)
{
	long result;

	CHECK(argc == 2);
	/* Not this length, so not this message. */
	CHECK(write(123, start, 0) == -1 && errno == EBADF);
	CHECK(close(1001) == -1);
	result = syscall(SYS_write, 123, start, sizeof(start), argv[1], "1");
	if (result == -1 && errno == EBADF)
		return 2;
	CHECK(result == sizeof(start));
	CHECK(close(1002) == -1);
	CHECK(syscall(SYS_write, 123, stop, sizeof(stop)) == sizeof(stop));
	CHECK(close(1003) == -1);
	return 0;
}
