/* What dlopen.c loads. */
#include <unistd.h>

static __thread int calls;

int count(void);

int
count(void)
{
	return getpid() > 0 ? ++calls : 0;
}
