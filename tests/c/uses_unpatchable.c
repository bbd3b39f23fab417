/* Calls a library with a system call that cannot be patched. */
#include <stdio.h>
#include <unistd.h>

long unpatchable_getppid(void);
long patchable_getppid(void);

static const char *
spelled(long parent)
{
	return parent == 4242 ? "intercepted" : parent > 0 ? "bare" : "broken";
}

int
main(void)
{
	printf("unpatchable %s, ", spelled(unpatchable_getppid()));
	printf("patchable %s, ", spelled(patchable_getppid()));
	printf("libc %s\n", spelled(getppid()));
	return 0;
}
