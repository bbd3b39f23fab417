/* Stands for pmem's library at the time an existing program was built: the same symbols, and nothing behind them. */
#include <libsyscall_intercept_hook_point.h>

int (*intercept_hook_point)(long, long, long, long, long, long, long, long *);
void (*intercept_hook_point_clone_child)(void);
void (*intercept_hook_point_clone_parent)(long);

long
syscall_no_intercept(long number, ...)
{
	return number;
}

int
syscall_hook_in_process_allowed(void)
{
	return 0;
}
