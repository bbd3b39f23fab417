#include <string.h>
#include <sys/wait.h>

#include "check.h"

int
main(void)
{
	char line[64];
	FILE *pipe;

	CHECK(WEXITSTATUS(system("echo from the shell; exit 5")) == 5);
	CHECK((pipe = popen("echo through a pipe", "r")) != NULL);
	CHECK(fgets(line, sizeof(line), pipe) != NULL);
	CHECK(strcmp(line, "through a pipe\n") == 0);
	CHECK(pclose(pipe) == 0);
	CHECK((pipe = popen("cat", "w")) != NULL);
	fputs("into a pipe\n", pipe);
	CHECK(pclose(pipe) == 0);
	return 0;
}
