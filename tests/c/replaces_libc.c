/* Puts something that is no libc in the place of the file that REPLACE names, before other libraries start. */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static __attribute__((constructor)) void
start(void)
{
	const char *path = getenv("REPLACE");
	FILE *file;

	CHECK(path != NULL && unlink(path) == 0);
	CHECK((file = fopen(path, "w")) != NULL && fputs("no libc\n", file) > 0 && fclose(file) == 0);
}
