/* Yardstick: a library that defines one function of libc. Sees what is called by that name, and nothing else. */
#include <dlfcn.h>
#include <unistd.h>

int asked;

#ifdef EMULATE

pid_t
getppid(void)
{
	asked = 1;
	return 4242;
}

#else

static pid_t (*next)(void);

pid_t
getppid(void)
{
	asked = 1;
	return next();
}

static __attribute__((constructor)) void
start(void)
{
	*(void **) &next = dlsym(RTLD_NEXT, "getppid");
}

#endif
