/* Everything the headers declare has the type they promise. C99 and C++11. */
#include <syscall_intercept.h>
#include <libsyscall_intercept_hook_point.h>

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	return number == a0 + a1 + a2 + a3 + a4 + a5 + *result;
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) (number + a0 + a1 + a2 + a3 + a4 + a5 + result);
}

static void
in_child(void)
{
}

static void
in_parent(long pid)
{
	(void) pid;
}

static int
before(struct intercept_call *call, void *data)
{
	return call == data ? INTERCEPT_HANDLED : call->made ? INTERCEPT_OBSERVE : INTERCEPT_FORWARD;
}

static void
after_with_data(struct intercept_call *call, void *data)
{
	(void) data;
	call->result = call->number + call->args[5];
}

static int
each(const struct intercept_object *object, void *data)
{
	size_t sites = object->in_place + object->in_place_short + object->in_stub + object->in_stub_short + object->left_alone;

	return object->path != data && sites > 0 ? 7 : 0;
}

int
main(void)
{
	long (*no_intercept)(long, ...) = syscall_no_intercept;
	int (*allowed)(void) = syscall_hook_in_process_allowed;
	int (*error_code)(long) = syscall_error_code;
	int (*add)(int (*)(long, long, long, long, long, long, long, long *)) = intercept_add_hook;
	int (*add_for)(intercept_hook *, const long *, size_t) = intercept_add_hook_for;
	int (*subscribe)(const long *, size_t) = intercept_subscribe;
	const char *(*version)(void) = intercept_version;
	long (*add_both)(intercept_before *, intercept_after *, void *, const long *, size_t) = intercept_add_hooks;
	int (*remove_both)(long) = intercept_remove_hooks;
	void (*off)(void) = intercept_disable, (*on)(void) = intercept_enable;
	int (*sites)(int (*)(const struct intercept_object *, void *), void *) = intercept_sites;
	intercept_hook *same_type = hook;

	intercept_hook_point = same_type;
	intercept_hook_point = 0;
	intercept_hook_point_post_kernel = after;
	intercept_hook_point_post_kernel = 0;
	intercept_hook_point_clone_child = in_child;
	intercept_hook_point_clone_parent = in_parent;

	/* 39 is getpid. */
	return !(no_intercept(39L) > 0 && allowed() == 1 && error_code(-9L) == 9 && add != 0 &&
		add_for != 0 && remove_both(add_both(before, after_with_data, 0, 0, 0)) == 0 && off != 0 && on != 0 &&
		sites(each, 0) == 7 && subscribe(0, 0) == 0 && version()[0] != 0);
}
