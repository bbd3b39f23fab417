/*
 * A hook that throws: whoever has made the call catches it, finds its own errno, and is intercepted as before, also by calls from
 * where the stack still is as the hook has left it. A longjmp would leave such calls unseen (docs/limits.md).
 */
#include <alloca.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

static volatile int asked, throws;
static pthread_key_t key;
static volatile bool seen_at_end;

static int
hook(long number, long, long, long, long, long, long, long *result)
{
	if (number != SYS_getppid)
		return 1;
	asked = asked + 1;
	errno = 5;
	if (throws == 1)
		throw std::runtime_error("thrown by the hook");
	if (throws == 2)
		pthread_exit(nullptr);
	*result = 4242;
	return 0;
}

/* Called through a type without the `noexcept` of its declaration. */
static pid_t (*volatile ask)() = getppid;

/* Asks from below a piece of the stack that it leaves as it is. */
static __attribute__((noinline)) long
ask_from_below(size_t hole)
{
	volatile char *untouched = static_cast<volatile char *>(alloca(hole));
	long parent = ask();

	return untouched == nullptr ? 0 : parent;
}

static __attribute__((noinline)) void
throw_and_catch()
{
	bool caught = false;

	throws = 1;
	errno = 77;
	try {
		ask();
	} catch (const std::runtime_error &) {
		caught = true;
	}
	CHECK(caught && errno == 77);
	throws = 0;
}

static void *
leave(void *)
{
	pthread_setspecific(key, &key);
	throws = 2;
	ask();
	return nullptr;
}

/* The last that runs on a thread. */
static void
ask_at_end(void *)
{
	throws = 0;
	seen_at_end = ask_from_below(4096) == 4242;
}

int
main()
{
	intercept_hook_point = hook;
	for (size_t hole = 256; hole < 32768; hole *= 2) {
		int before = asked;

		throw_and_catch();
		CHECK(ask_from_below(hole) == 4242 && asked == before + 2);
	}

	pthread_t thread;
	CHECK(pthread_key_create(&key, ask_at_end) == 0);
	CHECK(pthread_create(&thread, nullptr, leave, nullptr) == 0 && pthread_join(thread, nullptr) == 0);
	CHECK(seen_at_end);
	return 0;
}
