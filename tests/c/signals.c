/* What a program can see of its signals, in one way each: `signals WHAT`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

/* linux/signal.h, which does not go together with signal.h. */
#define AUTODISARM (1u << 31)

/* A handler as `signal` takes it. */
#define PLAIN(handler) ((void (*)(int)) (void *) (handler))

static int ends[2];
static volatile int handled;
static char *low, *high;

/* Where an address is, in a way that is the same in each run. */
static const char *
place(uintptr_t address)
{
	static char text[200];
	Dl_info info;

	if (dladdr((void *) address, &info) == 0)
		return "nowhere";
	snprintf(text, sizeof(text), "%s+%#lx, %s+%#lx", strrchr(info.dli_fname, '/') + 1,
		address - (uintptr_t) info.dli_fbase, info.dli_sname ? info.dli_sname : "?",
		info.dli_sname ? address - (uintptr_t) info.dli_saddr : 0);
	return text;
}

static void
install(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

	CHECK(sigaction(signal, &action, NULL) == 0);
}

/* A thread that disturbs the main one while that sleeps in a call, with a signal every time. */
static pid_t main_thread;
static volatile int disturbances;

static int
main_sleeps(void)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", main_thread);
	CHECK((file = fopen(path, "r")) != NULL && fgets(text, sizeof(text), file) != NULL);
	fclose(file);
	return strstr(text, ") S ") != NULL;
}

static void *
disturb(void *then)
{
	for (int i = 0; i < disturbances; i++) {
		for (int slept = 0; slept < 10; slept = main_sleeps() ? slept + 1 : 0)
			usleep(300);
		CHECK(syscall(SYS_tgkill, getpid(), main_thread, SIGUSR1) == 0);
		while (handled <= i)
			usleep(300);
	}
	for (int slept = 0; then != NULL && slept < 10; slept = main_sleeps() ? slept + 1 : 0)
		usleep(300);
	if (then != NULL)
		CHECK(write(ends[1], "x", 1) == 1);
	return NULL;
}

static pthread_t
disturbed(int times, int then_write)
{
	pthread_t thread;

	main_thread = syscall(SYS_gettid);
	handled = 0;
	disturbances = times;
	CHECK(pthread_create(&thread, NULL, disturb, then_write ? &thread : NULL) == 0);
	return thread;
}

static void
count(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) info, (void) context;
	handled++;
}

/* Every call that may be restarted, and every one that never is, after handlers of both kinds. */
static void
interrupted_calls(int flags)
{
	struct timespec time = {.tv_sec = 20}, left;
	struct pollfd readable = {.fd = ends[0], .events = POLLIN};
	struct epoll_event event;
	int epoll = epoll_create1(0);
	int32_t word = 0;
	sem_t semaphore;
	sigset_t empty;
	char byte;
	pid_t child;

#define INTERRUPTED(what, call, then_write) \
	do { \
		pthread_t thread; \
		long result; \
		thread = disturbed(2, then_write); \
		errno = 0; \
		result = (call); \
		printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : ""); \
		while (handled < 2) \
			usleep(1000); \
		CHECK(pthread_join(thread, NULL) == 0); \
		while (poll(&readable, 1, 0) == 1) \
			CHECK(read(ends[0], &byte, 1) == 1); \
	} while (0)

	install(SIGUSR1, count, flags);
	sigemptyset(&empty);
	CHECK(sem_init(&semaphore, 0, 0) == 0);
	INTERRUPTED("read", read(ends[0], &byte, 1), 1);
	INTERRUPTED("futex", syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0), 0);
	INTERRUPTED("nanosleep", nanosleep(&time, &left), 0);
	INTERRUPTED("poll", poll(&readable, 1, 20000), 1);
	INTERRUPTED("ppoll", ppoll(&readable, 1, &time, &empty), 1);
	INTERRUPTED("epoll_wait", epoll_wait(epoll, &event, 1, 20000), 0);
	INTERRUPTED("pause", pause(), 0);
	INTERRUPTED("sigsuspend", sigsuspend(&empty), 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		usleep(400000);
		_exit(3);
	}
	INTERRUPTED("waitid", waitid(P_PID, child, NULL, WEXITED | WNOWAIT), 0);
	CHECK(waitpid(child, NULL, 0) == child);
	close(epoll);
}

/* Stopped and continued, which is what restart_syscall is for, a call goes on and keeps its time. */
static void
stopped_and_continued(void)
{
	struct timespec before, after, time = {.tv_nsec = 150000000};
	struct pollfd nothing = {.fd = ends[0], .events = POLLIN};
	int32_t word = 0;

	for (int i = 0; i < 3; i++) {
		pid_t child = fork();
		int status;

		CHECK(child >= 0);
		if (child == 0) {
			long result, elapsed;

			clock_gettime(CLOCK_MONOTONIC, &before);
			errno = 0;
			if (i == 0)
				result = nanosleep(&time, NULL);
			else if (i == 1)
				result = poll(&nothing, 1, 150);
			else
				result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);
			clock_gettime(CLOCK_MONOTONIC, &after);
			elapsed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
			printf("%d: %ld %d %s\n", i, result, errno, elapsed >= 149 && elapsed < 2000 ? "in time" : "off");
			fflush(stdout);
			_exit(0);
		}
		for (int j = 0; j < 3; j++) {
			usleep(20000);
			CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
			CHECK(kill(child, SIGCONT) == 0);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

static volatile int depth, deepest;

static void
nest(int signal, siginfo_t *info, void *context)
{
	(void) info, (void) context;
	handled++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (handled < 5)
		CHECK(kill(getpid(), signal) == 0);
	depth--;
}

static void
flags_of_handlers(void)
{
	struct sigaction action;
	int status;

	install(SIGUSR1, nest, SA_NODEFER);
	CHECK(raise(SIGUSR1) == 0);
	printf("SA_NODEFER: %d handled, %d deep\n", handled, deepest);
	handled = deepest = depth = 0;
	install(SIGUSR1, nest, 0);
	CHECK(raise(SIGUSR1) == 0);
	printf("without: %d handled, %d deep\n", handled, deepest);
	handled = 0;
	install(SIGUSR1, count, SA_RESETHAND);
	CHECK(raise(SIGUSR1) == 0 && handled == 1);
	CHECK(sigaction(SIGUSR1, NULL, &action) == 0);
	printf("SA_RESETHAND: default %d, flags %x\n", action.sa_handler == SIG_DFL, action.sa_flags);
	if (fork() == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	printf("then: %x\n", status);
	install(SIGCHLD, count, SA_NOCLDWAIT);
	handled = 0;
	if (fork() == 0)
		_exit(0);
	CHECK(wait(NULL) == -1 && errno == ECHILD);
	printf("SA_NOCLDWAIT: %d handled\n", handled);
}

static void
look_at_stack(int signal, siginfo_t *info, void *context)
{
	stack_t stack;
	sigset_t blocked;
	char here;

	(void) context;
	CHECK(sigaltstack(NULL, &stack) == 0);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	printf("%s: from %d, value %d, on the other stack %d, flags %x, blocked %d %d\n", strsignal(signal), info->si_code,
		info->si_value.sival_int, &here >= low && &here < high, stack.ss_flags, sigismember(&blocked, signal),
		sigismember(&blocked, SIGUSR2));
	handled++;
}

static void
other_stacks(void)
{
	stack_t stack = {.ss_size = 65536}, now;
	struct sigaction action = {.sa_sigaction = look_at_stack, .sa_flags = SA_SIGINFO};

	CHECK((stack.ss_sp = malloc(stack.ss_size)) != NULL);
	low = stack.ss_sp;
	high = low + stack.ss_size;
	sigaddset(&action.sa_mask, SIGUSR2);
	for (int i = 0; i < 4; i++) {
		action.sa_flags = SA_SIGINFO | (i % 2 ? SA_ONSTACK : 0);
		stack.ss_flags = i / 2 ? (int) AUTODISARM : 0;
		CHECK(sigaltstack(&stack, NULL) == 0);
		CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
		CHECK(raise(SIGUSR1) == 0);
		CHECK(sigqueue(getpid(), SIGUSR1, (union sigval) {.sival_int = 42 + i}) == 0);
		CHECK(sigaltstack(NULL, &now) == 0);
		printf("after it: %x %d\n", now.ss_flags, now.ss_sp == stack.ss_sp);
	}
	stack.ss_size = 1000;
	CHECK(sigaltstack(&stack, NULL) == -1);
	printf("too small: %s\n", strerrorname_np(errno));
}

static void
descriptors_and_timers(void)
{
	struct itimerspec soon = {{0, 1000000}, {0, 1000000}};
	struct itimerval interval = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
	struct signalfd_siginfo info;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value = {.sival_int = 7}};
	struct timespec second = {.tv_sec = 1};
	siginfo_t received;
	sigset_t set, old;
	timer_t timer;
	uint64_t ticks;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	CHECK((fd = signalfd(-1, &set, SFD_CLOEXEC)) >= 0);
	CHECK(sigqueue(getpid(), SIGUSR2, (union sigval) {.sival_int = 5}) == 0);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info));
	printf("signalfd: %u, value %d, own %d\n", info.ssi_signo, info.ssi_int, info.ssi_pid == (uint32_t) getpid());
	close(fd);

	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	CHECK(sigwaitinfo(&set, &received) == SIGRTMIN);
	printf("timer: code %d, value %d\n", received.si_code, received.si_value.sival_int);
	CHECK(timer_delete(timer) == 0);
	while (sigtimedwait(&set, &received, &(struct timespec) {0}) > 0)
		;
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);

	CHECK((fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) >= 0 && timerfd_settime(fd, 0, &soon, NULL) == 0);
	CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 1);
	close(fd);

	handled = 0;
	install(SIGALRM, count, SA_RESTART);
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	while (handled < 50)
		CHECK(getppid() > 0);
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	/* SIGALRM may still come for the last time. */
	nanosleep(&(struct timespec) {.tv_nsec = 5000000}, &second);
	puts("timers: well");
}

/* What a handler finds that interrupts a blocked read: all of it as at the system call in libc. */
static char *read_buffer;
static uintptr_t stack_top;

static void
look_at_context(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *) context)->uc_mcontext.gregs;
	void *frames[20];
	int frame_count;

	(void) signal, (void) info;
	handled++;
	printf("at %s\n", place(registers[REG_RIP]));
	printf("syscall before it %d, at it %d\n", memcmp((char *) registers[REG_RIP] - 2, "\x0f\x05", 2) == 0,
		memcmp((char *) registers[REG_RIP], "\x0f\x05", 2) == 0);
	printf("arguments %d %d %lld, rax %lld\n", registers[REG_RDI] == ends[0], registers[REG_RSI] == (long) read_buffer,
		registers[REG_RDX], registers[REG_RAX]);
	printf("rcx is %s\n", place(registers[REG_RCX]));
	printf("flags %llx, r11 %llx, segment %llx\n", registers[REG_EFL], registers[REG_R11],
		registers[REG_CSGSFS] & 0xffff);
	printf("rsp %ld below main, rbp %ld\n", (long) (stack_top - registers[REG_RSP]), (long) (stack_top - registers[REG_RBP]));
	frame_count = backtrace(frames, 20);
	/* Before that are the handler and, where the library is, its way there. */
	for (int i = 0, from = frame_count; i < frame_count; i++) {
		from = frames[i] == (void *) registers[REG_RIP] ? i : from;
		if (i >= from)
			printf("frame: %s\n", place((uintptr_t) frames[i]));
	}
}

static __attribute__((noinline)) void
read_here(int flags)
{
	char buffer[8] = "";
	long result;
	pthread_t thread;

	read_buffer = buffer;
	install(SIGUSR1, look_at_context, flags);
	thread = disturbed(1, flags != 0);
	errno = 0;
	result = read(ends[0], buffer, 5);
	printf("read: %ld %d\n", result, errno);
	CHECK(pthread_join(thread, NULL) == 0);
}

static void
contexts(void)
{
	void *frames[2];

	stack_top = (uintptr_t) __builtin_frame_address(0);
	/* The first call loads libgcc. */
	backtrace(frames, 2);
	read_here(0);
	read_here(SA_RESTART);
}

/* Faults: the handler sees where, skips the instruction or repairs the cause, and the program goes on. */
static char *hole;

static void
mend(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *) context)->uc_mcontext.gregs;

	handled++;
	printf("%s: code %d, at the hole %d, at %s\n", strsignal(signal), info->si_code, info->si_addr == hole,
		place(registers[REG_RIP]));
	CHECK(getppid() > 0);
	CHECK(mprotect(hole, 4096, PROT_READ | PROT_WRITE) == 0);
}

static void
faults(void)
{
	char text[10] = "something";

	CHECK((hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED);
	install(SIGSEGV, mend, 0);
	*(volatile char *) hole = 'x';
	CHECK(hole[0] == 'x' && handled == 1);
	CHECK(mprotect(hole, 4096, PROT_NONE) == 0);
	/* In libc. */
	CHECK(strlen(hole) == 1 && handled == 2);
	/* And in the kernel there is none. */
	CHECK(mprotect(hole, 4096, PROT_NONE) == 0);
	CHECK(write(ends[1], hole, 10) == -1 && errno == EFAULT && handled == 2);
	CHECK(write(ends[1], text, 10) == 10 && read(ends[0], hole, 10) == -1 && errno == EFAULT && handled == 2);
	puts("mended");
}

/* What sigaction says about handlers, and about what is none. */
static void
queries(void)
{
	struct sigaction action, old;
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} kernel;
	static const int numbers[] = {0, -1, 65, 1000, SIGKILL, SIGSTOP};
	int status;
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(edge != MAP_FAILED && mprotect(edge + 4096, 4096, PROT_NONE) == 0);
	install(SIGUSR1, count, SA_RESTART);
	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == count && (old.sa_flags & 0xf0000007) == (SA_RESTART | SA_SIGINFO));
	install(SIGUSR1, nest, 0);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == nest);
	CHECK(signal(SIGUSR1, SIG_IGN) == PLAIN(nest));
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_IGN);
	CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	CHECK(signal(SIGUSR1, PLAIN(count)) == SIG_DFL);
	CHECK(signal(SIGUSR1, PLAIN(nest)) == PLAIN(count));
	/* The kernel's own structure; in and out may be the same. */
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &kernel, 8) == 0 && kernel.handler == (void *) nest);
	kernel.handler = count;
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, &kernel, &kernel, 8) == 0 && kernel.handler == (void *) nest);
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &kernel, 8) == 0 && kernel.handler == (void *) count);

#define REFUSED(...) \
	do { \
		long result; \
		errno = 0; \
		result = syscall(SYS_rt_sigaction, __VA_ARGS__); \
		CHECK(sigaction(SIGUSR1, NULL, &old) == 0); \
		printf("%s: %ld %d, then %s\n", #__VA_ARGS__, result, errno, \
			old.sa_sigaction == count ? "count" : old.sa_sigaction == nest ? "nest" : "another"); \
	} while (0)

	kernel.handler = nest;
	REFUSED(SIGUSR1, 8L, NULL, 8L);
	REFUSED(SIGUSR1, edge + 4096, NULL, 8L);
	REFUSED(SIGUSR1, edge + 4096 - 16, NULL, 8L);
	REFUSED(SIGUSR1, -1L, NULL, 8L);
	REFUSED(SIGUSR1, 1L << 63, NULL, 8L);
	REFUSED(SIGUSR1, &kernel, NULL, 16L);
	REFUSED(SIGUSR1, &kernel, NULL, 0L);
	REFUSED(SIGUSR1, NULL, 8L, 8L);
	REFUSED(SIGUSR1, &kernel, edge + 4096, 8L);
	REFUSED(SIGUSR1, NULL, edge + 4096 - 16, 8L);
	kernel.handler = count;
	REFUSED(SIGUSR1, &kernel, -8L, 8L);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		REFUSED((long) numbers[i], &kernel, NULL, 8L);
		REFUSED((long) numbers[i], NULL, &kernel, 8L);
	}
	/* The handler that is said to be there is the one that runs. */
	handled = depth = 0;
	CHECK(raise(SIGUSR1) == 0);
	printf("handled %d\n", handled);
	/* fork keeps handlers, execve does not. */
	if (fork() == 0) {
		CHECK(sigaction(SIGUSR1, NULL, &old) == 0);
		_exit(old.sa_sigaction == count ? 10 : 11);
	}
	CHECK(wait(&status) > 0);
	printf("in a child: %x\n", status);
}

/* A child that shares the memory of its parent has handlers of its own, and the parent keeps those it has. */
static void
vforked(void)
{
	struct sigaction old;
	int status;
	pid_t child;

	install(SIGUSR1, count, 0);
	handled = depth = 0;
	if ((child = vfork()) == 0) {
		install(SIGUSR1, nest, 0);
		(void) signal(SIGUSR2, SIG_IGN);
		if (sigaction(SIGUSR1, NULL, &old) != 0 || old.sa_sigaction != nest)
			_exit(1);
		_exit(handled == 0 ? 0 : 2);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == count);
	CHECK(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
	CHECK(raise(SIGUSR1) == 0 && handled == 1);
	puts("its own");
}

static void
restart(void)
{
	interrupted_calls(SA_RESTART);
}

static void
fail(void)
{
	interrupted_calls(0);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{"restart", restart}, {"fail", fail}, {"stop", stopped_and_continued}, {"flags", flags_of_handlers},
		{"stacks", other_stacks}, {"descriptors", descriptors_and_timers}, {"context", contexts}, {"faults", faults},
		{"queries", queries}, {"vforked", vforked},
	};

	CHECK(argc == 2 && pipe(ends) == 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
