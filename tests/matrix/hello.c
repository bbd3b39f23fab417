#include <stdio.h>

int
main(int argc, char **argv)
{
	(void) argv;
	printf("hello, %d\n", argc);
	fputs("on stderr\n", stderr);
	return 3;
}
