/* Loads libraries into linker namespaces of their own: each gets its own libc and its own copy of what it is linked with. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (dlmopen(LM_ID_NEWLM, argv[i], RTLD_NOW | RTLD_LOCAL) == NULL) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
	}
	printf("libc %s\n", getppid() == 4242 ? "intercepted" : "bare");
	return access("/", R_OK);
}
