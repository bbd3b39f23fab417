/* Hooks with data: their order, what they may change, and their coming and going. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <syscall_intercept.h>

#include "check.h"

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

/* Who was called, in order: a letter each; large letters are hooks after calls. */
static char order[64];

static void
note(char who)
{
	size_t length = strlen(order);

	if (length < sizeof(order) - 1)
		order[length] = who;
}

/* What a pair of hooks does, and what it has seen. */
struct pair {
	char name;
	int answer;
	long result;            /* if it handles */
	long change;            /* what is added to the first argument */
	long add;               /* what is added to the result */
	struct intercept_call seen;
};

static int
before(struct intercept_call *call, void *data)
{
	struct pair *pair = (struct pair *) data;

	note(pair->name);
	call->args[0] += pair->change;
	if (pair->answer == INTERCEPT_HANDLED)
		call->result = pair->result;
	/* Not for hooks to decide. */
	call->number = 0;
	errno = EMFILE;
	return pair->answer;
}

static void
after(struct intercept_call *call, void *data)
{
	struct pair *pair = (struct pair *) data;

	note((char) (pair->name - 'a' + 'A'));
	pair->seen = *call;
	call->result += pair->add;
	call->args[1] = 5;
	errno = EMFILE;
}

static int
plain(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	if (number == SYS_getppid)
		note('-');
	return 1;
}

static void
post_kernel(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	if (number == SYS_getppid)
		note('+');
}

static const long getppid_alone[] = {SYS_getppid};

static long
add(intercept_before *one, intercept_after *other, struct pair *pair)
{
	long id = intercept_add_hooks(one, other, pair, getppid_alone, 1);

	CHECK(id > 0);
	return id;
}

static void
expect(long result, const char *calls)
{
	memset(order, 0, sizeof(order));
	errno = 0;
	CHECK(getppid() == result && errno == 0);
	if (strcmp(order, calls) != 0)
		fprintf(stderr, "%s, and not %s\n", order, calls);
	CHECK(strcmp(order, calls) == 0);
}

static void
they_are_layers_around_the_kernel(void)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE}, b = {.name = 'b', .answer = INTERCEPT_FORWARD};
	struct pair c = {.name = 'c', .answer = INTERCEPT_OBSERVE}, d = {.name = 'd'};
	long parent = getppid(), ids[4];

	ids[0] = add(before, after, &a);
	ids[1] = add(before, after, &b);
	intercept_hook_point = plain;
	intercept_hook_point_post_kernel = post_kernel;
	ids[2] = add(before, after, &c);
	ids[3] = add(NULL, after, &d);
	/* Hooks of the original are the innermost layer. */
	expect(parent, "abc-+DCA");
	CHECK(a.seen.number == SYS_getppid && a.seen.result == parent && a.seen.made == 1);

	/* Each sees what the one inside has made of the result. */
	a.add = 1, c.add = 10, d.add = 100;
	expect(parent + 111, "abc-+DCA");
	CHECK(d.seen.result == parent && c.seen.result == parent + 100 && a.seen.result == parent + 110);
	CHECK(c.seen.args[1] == a.seen.args[1]);

	/* Who is outside of the one that answers sees the answer; who is inside hears nothing. */
	b.answer = INTERCEPT_HANDLED, b.result = 4000;
	expect(4001, "abA");
	CHECK(a.seen.result == 4000 && a.seen.made == 0);
	b.result = -EPERM;
	a.add = 0;
	memset(order, 0, sizeof(order));
	CHECK(syscall(SYS_getppid) == -1 && errno == EPERM && strcmp(order, "abA") == 0);

	CHECK(intercept_remove_hooks(ids[1]) == 0 && intercept_remove_hooks(ids[1]) == -1);
	a.answer = INTERCEPT_FORWARD;
	expect(parent + 110, "ac-+DC");
	CHECK(intercept_remove_hooks(ids[3]) == 0 && intercept_remove_hooks(ids[0]) == 0);
	c.answer = INTERCEPT_FORWARD;
	expect(parent, "c-+");
	/* A place that has become free does not come before others. */
	a.answer = INTERCEPT_OBSERVE;
	ids[0] = add(before, after, &a);
	c.answer = INTERCEPT_OBSERVE;
	expect(parent + 10, "ca-+AC");
	CHECK(intercept_remove_hooks(ids[0]) == 0 && intercept_remove_hooks(ids[2]) == 0);
	intercept_hook_point = NULL;
	intercept_hook_point_post_kernel = NULL;
	expect(parent, "");
}

static long ids_of_self[1];

static int
removes_itself(struct intercept_call *call, void *data)
{
	(void) call, (void) data;
	note('s');
	CHECK(intercept_remove_hooks(ids_of_self[0]) == 0);
	return INTERCEPT_FORWARD;
}

static void
they_come_and_go(void)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_FORWARD};
	long ids[64], parent = getppid();
	int count = 0, other;

	for (int i = 0; i < 1000; i++) {
		long first = add(before, NULL, &a), second = add(before, NULL, &a);

		if (i % 100 == 0)
			expect(parent, "aa");
		CHECK(first != second && intercept_remove_hooks(first) == 0 && intercept_remove_hooks(second) == 0);
	}
	while (count < 64 && (ids[count] = intercept_add_hooks(before, NULL, &a, getppid_alone, 1)) > 0)
		count++;
	CHECK(count == 32 && ids[count] == -1 && intercept_add_hook_for(plain, getppid_alone, 1) == -1);
	expect(parent, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	while (count > 0)
		CHECK(intercept_remove_hooks(ids[--count]) == 0);
	CHECK(intercept_remove_hooks(0) == -1 && intercept_remove_hooks(-1) == -1 && intercept_remove_hooks(ids[0]) == -1);
	CHECK(intercept_add_hooks(NULL, NULL, &other, NULL, 0) == -1);
	ids_of_self[0] = intercept_add_hooks(removes_itself, NULL, NULL, getppid_alone, 1);
	expect(parent, "s");
	expect(parent, "");
}

/* A call with arguments in known registers, which the kernel keeps. */
static long
raw_write(int fd, const void *data, size_t length)
{
	register long rax __asm__("rax") = SYS_write, rdi __asm__("rdi") = fd, rsi __asm__("rsi") = (long) data;
	register long rdx __asm__("rdx") = (long) length;

	__asm__ volatile("nop; nop; nop; syscall; nop; nop; nop"
		: "+r" (rax), "+r" (rdi), "+r" (rsi), "+r" (rdx) : : "rcx", "r11", "memory");
	CHECK(rdi == fd && rsi == (long) data && rdx == (long) length);
	return rax;
}

static const long write_alone[] = {SYS_write};

static void
what_they_change_the_call_is_made_with(void)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE, .change = 1000};
	struct pair b = {.name = 'b', .answer = INTERCEPT_OBSERVE, .change = -999};
	int fds[2];
	char text[8] = "";
	long ids[2];

	CHECK(pipe(fds) == 0 && dup2(fds[1], fds[0] + 1) == fds[0] + 1);
	ids[0] = intercept_add_hooks(before, after, &a, write_alone, 1);
	ids[1] = intercept_add_hooks(before, after, &b, write_alone, 1);
	memset(order, 0, sizeof(order));
	/* Both together make the descriptor one higher. */
	errno = 0;
	CHECK(write(fds[0], "one", 3) == 3 && errno == 0 && strcmp(order, "abBA") == 0);
	CHECK(a.seen.args[0] == fds[0] + 1 && a.seen.args[2] == 3 && a.seen.result == 3 && a.seen.made == 1);
	CHECK(read(fds[0], text, sizeof(text)) == 3 && memcmp(text, "one", 3) == 0);
	a.change = 999;
	CHECK(write(fds[0], "x", 1) == -1 && errno == EBADF && a.seen.result == -EBADF);
	a.change = 1000;
	b.change = -1000;
	CHECK(write(fds[1], "two", 3) == 3 && read(fds[0], text, sizeof(text)) == 3);
	b.change = -999;
	/* With INTERCEPT_ALL_OBJS this one is intercepted, too. */
	if (getenv("INTERCEPT_ALL_OBJS") != NULL)
		CHECK(raw_write(fds[0], "three", 5) == 5 && read(fds[0], text, sizeof(text)) == 5);
	CHECK(intercept_remove_hooks(ids[0]) == 0 && intercept_remove_hooks(ids[1]) == 0);
	CHECK(close(fds[0]) == 0 && close(fds[1]) == 0 && close(fds[0] + 1) <= 0);
}

static volatile sig_atomic_t handled;

static void
handler(int signal)
{
	(void) signal;
	handled++;
	(void) getppid();
}

static void
a_changed_call_waits_and_is_interrupted_like_any(void)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE, .change = 1};
	static const long read_alone[] = {SYS_read};
	struct sigaction action = {.sa_handler = handler};
	int fds[2];
	char byte;
	long id;

	CHECK(pipe(fds) == 0 && dup2(fds[0], fds[1] + 1) == fds[1] + 1 && sigaction(SIGALRM, &action, NULL) == 0);
	id = intercept_add_hooks(before, after, &a, read_alone, 1);
	alarm(1);
	CHECK(read(fds[1], &byte, 1) == -1 && errno == EINTR && handled == 1 && a.seen.result == -EINTR);
	CHECK(intercept_remove_hooks(id) == 0 && close(fds[0]) == 0 && close(fds[1]) == 0 && close(fds[1] + 1) == 0);
}

static void *
reads(void *fd)
{
	char byte;

	(void) read(*(int *) fd, &byte, 1);
	return NULL;
}

static void
a_thread_can_be_cancelled_in_one(int change)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE, .change = change};
	static const long read_alone[] = {SYS_read};
	int fds[2], fd;
	pthread_t thread;
	void *result;
	long id;

	CHECK(pipe(fds) == 0);
	fd = fds[0] - change;
	id = intercept_add_hooks(before, after, &a, read_alone, 1);
	CHECK(pthread_create(&thread, NULL, reads, &fd) == 0);
	/* It may be waiting already, or not yet. */
	usleep(50000);
	CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(intercept_remove_hooks(id) == 0 && close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void
processes_are_made_as_ever(void)
{
	static const long clones[] = {SYS_clone, SYS_clone3, SYS_vfork, SYS_fork, SYS_exit_group};
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE, .change = 1};
	long id = intercept_add_hooks(before, after, &a, clones, COUNT(clones));
	int status;
	pid_t child;

	memset(order, 0, sizeof(order));
	child = fork();
	/* Its exit status is an argument that is changed. */
	if (child == 0)
		_exit(strcmp(order, "aA") == 0 && a.seen.result == 0 ? 40 : 1);
	CHECK(child > 0 && strcmp(order, "aA") == 0 && a.seen.result == child);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 41);
	CHECK(intercept_remove_hooks(id) == 0);
}

static void
they_are_switched_off_and_on(void)
{
	struct pair a = {.name = 'a', .answer = INTERCEPT_OBSERVE};
	struct sigaction action = {.sa_handler = handler}, old;
	long parent = getppid(), id = add(before, after, &a);

	intercept_hook_point = plain;
	expect(parent, "a-A");
	intercept_disable();
	intercept_disable();
	expect(parent, "");
	/* What is added and removed meanwhile counts later. */
	CHECK(intercept_remove_hooks(id) == 0 && (id = add(before, NULL, &a)) > 0);
	expect(parent, "");
	/* A handler that is installed meanwhile is a handler like any other. */
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == handler);
	intercept_enable();
	expect(parent, "a-");
	handled = 0;
	memset(order, 0, sizeof(order));
	CHECK(raise(SIGUSR1) == 0 && handled == 1 && strcmp(order, "a-") == 0);
	CHECK(intercept_remove_hooks(id) == 0);
	intercept_hook_point = NULL;
}

static volatile int stop;
static long steady, changing;

static int
counts(struct intercept_call *call, void *data)
{
	(void) call;
	__atomic_fetch_add((long *) data, 1, __ATOMIC_RELAXED);
	return INTERCEPT_FORWARD;
}

static void *
changes(void *unused)
{
	(void) unused;
	while (!stop) {
		long id = intercept_add_hooks(counts, NULL, &changing, getppid_alone, 1);

		if (id > 0)
			CHECK(intercept_remove_hooks(id) == 0);
	}
	return NULL;
}

static void
one_stays_while_others_come_and_go(void)
{
	long id = intercept_add_hooks(counts, NULL, &steady, getppid_alone, 1);
	pthread_t threads[2];

	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK(pthread_create(&threads[i], NULL, changes, NULL) == 0);
	for (int i = 0; i < 20000; i++)
		(void) getppid();
	stop = 1;
	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(steady == 20000 && intercept_remove_hooks(id) == 0);
}

struct sites {
	size_t objects, libcs, taken;
};

static int
look(const struct intercept_object *object, void *data)
{
	struct sites *sites = (struct sites *) data;

	sites->objects++;
	sites->libcs += strstr(object->path, "libc") != NULL;
	sites->taken += object->in_place + object->in_place_short + object->in_stub + object->in_stub_short;
	return 0;
}

static int
stops(const struct intercept_object *object, void *data)
{
	(void) object;
	return ++*(int *) data + 41;
}

static void
sites_can_be_asked_for(void)
{
	struct sites sites = {0, 0, 0};
	int calls = 0;

	CHECK(intercept_sites(look, &sites) == 0);
	CHECK(sites.objects >= 1 && sites.libcs >= 1 && sites.taken > 100);
	CHECK(intercept_sites(stops, &calls) == 42 && calls == 1);
}

int
main(void)
{
	they_are_layers_around_the_kernel();
	they_come_and_go();
	what_they_change_the_call_is_made_with();
	a_changed_call_waits_and_is_interrupted_like_any();
	a_thread_can_be_cancelled_in_one(0);
	a_thread_can_be_cancelled_in_one(1);
	processes_are_made_as_ever();
	they_are_switched_off_and_on();
	one_stays_while_others_come_and_go();
	sites_can_be_asked_for();
	return 0;
}
