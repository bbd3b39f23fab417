/*
 * Programs that leave the signals of faults at their default, in one way each, and what a tracer sees of their ends: `dies_by_fault
 * WHAT`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static void
null(void)
{
	*(volatile int *) 16 = 1;
}

static void
wild(void)
{
	*(volatile int *) 0x8000000000000000 = 1;
}

static void
ill(void)
{
	__asm__ volatile("ud2");
}

static void
fpe(void)
{
	__asm__ volatile("div %b0" : : "r" (0), "a" (1) : "cc");
}

static void
bus(void)
{
	int file = memfd_create("empty", 0);
	volatile char *beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	*beyond = 1;
}

static int
go_down(volatile char *from)
{
	volatile char room[4096];

	room[0] = *from;
	return room[0] == 0 ? 0 : go_down(room) + room[0];
}

static void
overflow(void)
{
	volatile char top = 1;

	go_down(&top);
}

static void
overflow_with_stack(void)
{
	static char stack[65536];
	stack_t given = {.ss_sp = stack, .ss_size = sizeof(stack)};

	CHECK(sigaltstack(&given, NULL) == 0);
	overflow();
}

static void
after_a_bad_frame(void)
{
	/* Where the kernel looks for the frame of a handler there is nothing. */
	__asm__ volatile("mov $64, %%rsp; mov $15, %%eax; syscall" : : : "memory");
}

static void
sent(void)
{
	CHECK(kill(getpid(), SIGSEGV) == 0);
}

static void
raised(void)
{
	CHECK(raise(SIGFPE) == 0);
}

static void
queued(void)
{
	CHECK(sigqueue(getpid(), SIGBUS, (union sigval) {.sival_int = 12345}) == 0);
}

static void
timed(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGILL, .sigev_value.sival_int = 54321};
	struct itimerspec soon = {.it_value.tv_nsec = 1000000};
	timer_t timer;

	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	for (;;)
		pause();
}

static void
block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static void
blocked(void)
{
	block(SIGSEGV);
	null();
}

static void
unblocked(void)
{
	sigset_t none;

	block(SIGSEGV);
	sent();
	usleep(1000);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
ignored(void)
{
	CHECK(signal(SIGSEGV, SIG_IGN) == SIG_DFL);
	sent();
	null();
}

static void
waited_for(void)
{
	struct signalfd_siginfo told;
	siginfo_t info;
	sigset_t set;
	int fd;

	block(SIGSEGV);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	CHECK((fd = signalfd(-1, &set, 0)) >= 0);
	sent();
	CHECK(sigwaitinfo(&set, &info) == SIGSEGV && info.si_code == SI_USER && info.si_pid == getpid());
	sent();
	CHECK(read(fd, &told, sizeof(told)) == sizeof(told) && told.ssi_signo == SIGSEGV && told.ssi_code == SI_USER);
	_exit(7);
}

static volatile sig_atomic_t handled;

static void
note(int signal)
{
	(void) signal;
	handled++;
}

static void
handled_once(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = (int) SA_RESETHAND}, old;

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	sent();
	CHECK(handled == 1 && sigaction(SIGSEGV, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
	null();
}

static void
handled_no_more(void)
{
	struct sigaction action = {.sa_handler = note}, usual = {.sa_handler = SIG_DFL, .sa_flags = SA_NODEFER}, old;

	CHECK(sigaction(SIGSEGV, &action, &old) == 0 && old.sa_handler == SIG_DFL && old.sa_flags == 0);
	sent();
	CHECK(sigaction(SIGSEGV, &usual, &old) == 0 && old.sa_handler == note && handled == 1);
	null();
}

static void *
in_its_thread(void *unused)
{
	null();
	return unused;
}

static void
in_thread(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, in_its_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

/* The end of one child does not change what the parent does, nor that of the next. */
static void
in_vfork(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0)
		null();
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	fpe();
}

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static void
say(const char *when, int signal, const struct kernel_action *action)
{
	const char *handler = action->handler == (void *) SIG_DFL ? "default" : action->handler == (void *) SIG_IGN ? "ignored"
		: action->handler == (void *) note ? "note" : "another";

	printf("%s %d: %s, flags %lx, restorer %lx, mask %lx\n", when, signal, handler, action->flags, (long) action->restorer, action->mask);
}

/* What it answers, and what it says now. */
static void
act(const char *when, int signal, void *new, void *old)
{
	struct kernel_action now;
	long result;

	errno = 0;
	result = syscall(SYS_rt_sigaction, signal, new, old, 8);
	printf("%s %d: %ld %d\n", when, signal, result, errno);
	CHECK(syscall(SYS_rt_sigaction, signal, NULL, &now, 8) == 0);
	say("  now", signal, &now);
}

static void
queries(void)
{
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kernel_action usual = {.handler = (void *) SIG_DFL, .flags = SA_RESTART, .mask = 0x10};
	struct kernel_action other = {.handler = (void *) note, .flags = SA_NODEFER | 0x04000000, .restorer = (void *) 4096};
	struct kernel_action ignore = {.handler = (void *) SIG_IGN, .flags = SA_RESTART | SA_ONSTACK}, old;

	CHECK(edge != MAP_FAILED && mprotect(edge + 4096, 4096, PROT_NONE) == 0);
	for (size_t i = 0; i < COUNT(signals); i++) {
		int signal = signals[i];

		act("at first", signal, NULL, &old);
		say("  told", signal, &old);
		act("the default", signal, &usual, &old);
		say("  told", signal, &old);
		act("a handler", signal, &other, &old);
		say("  told", signal, &old);
		act("ignored", signal, &ignore, &old);
		say("  told", signal, &old);
		act("the default again", signal, &usual, &old);
		say("  told", signal, &old);
		usual.flags = SA_RESETHAND;
		old = usual;
		act("in and out", signal, &old, &old);
		say("  told", signal, &old);
		act("from nowhere", signal, (void *) 8, &old);
		act("from the edge", signal, edge + 4096 - 16, &old);
		usual.flags = SA_NODEFER;
		act("to nowhere", signal, &usual, (void *) 8);
		act("to the edge", signal, NULL, edge + 4096 - 16);
		usual.flags = SA_RESTART;
	}
}

/* What programs inherit, by exec and by posix_spawn. */
static void
inherited(void)
{
	char *again[] = {"/proc/self/exe", "queries", NULL};
	posix_spawnattr_t attributes;
	sigset_t set;
	int status;
	pid_t child;

	CHECK(signal(SIGBUS, SIG_IGN) == SIG_DFL && signal(SIGILL, note) == SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	CHECK(posix_spawnattr_init(&attributes) == 0 && posix_spawnattr_setsigdefault(&attributes, &set) == 0);
	CHECK(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) == 0);
	CHECK(posix_spawn(&child, again[0], NULL, &attributes, again, environ) == 0);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	execv(again[0], again);
}

/* Runs it in a child, and says what a tracer sees last. Of an overflow nothing but the status is the same: see docs/limits.md. */
static void
traced(const char *name, void (*run)(void))
{
	siginfo_t last = {.si_signo = 0};
	struct user_regs_struct registers;
	long counter = 0;
	pid_t child = fork(), other = child;
	int status;

	if (child == 0) {
		CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0);
		run();
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	CHECK(ptrace(PTRACE_SETOPTIONS, child, NULL, (long) (PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)) == 0);
	CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
	while ((other = waitpid(-1, &status, __WALL)) > 0 && (other != child || WIFSTOPPED(status))) {
		int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status))
			continue;
		if (signal == SIGTRAP || signal == SIGSTOP) {
			signal = 0;
		} else {
			CHECK(ptrace(PTRACE_GETSIGINFO, other, NULL, &last) == 0);
			CHECK(ptrace(PTRACE_GETREGS, other, NULL, &registers) == 0);
			counter = (long) registers.rip;
		}
		CHECK(ptrace(PTRACE_CONT, other, NULL, (long) signal) == 0);
	}
	CHECK(other == child);
	printf("%s: status %x, signal %d", name, status, last.si_signo);
	if (run == overflow) {
		puts("");
		return;
	}
	printf(", code %d", last.si_code);
	if (last.si_code > 0) {
		long address = (long) last.si_addr;

		/* Where things are differs from run to run; the instruction, and what is no address of anything, do not. */
		printf(", by an instruction %+ld bytes from here", counter - (long) traced);
		if (address == counter)
			puts(", at itself");
		else if (address <= 4096)
			printf(", at %ld\n", address);
		else
			puts(", elsewhere");
	} else {
		printf(", value %d, by itself %d\n", last.si_code == SI_USER || last.si_code == SI_TKILL ? 0 : last.si_int,
			last.si_code != SI_TIMER && last.si_pid == child);
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{"null", null}, {"wild", wild}, {"ill", ill}, {"fpe", fpe}, {"bus", bus}, {"overflow", overflow},
		{"overflow_with_stack", overflow_with_stack}, {"after_a_bad_frame", after_a_bad_frame}, {"sent", sent},
		{"raised", raised}, {"queued", queued}, {"timed", timed}, {"blocked", blocked}, {"unblocked", unblocked},
		{"ignored", ignored}, {"waited_for", waited_for}, {"handled_once", handled_once},
		{"handled_no_more", handled_no_more}, {"in_thread", in_thread}, {"in_vfork", in_vfork},
	};
	struct rlimit cores = {RLIM_INFINITY, RLIM_INFINITY};

	CHECK(argc == 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "queries") == 0)
		return queries(), 0;
	if (strcmp(argv[1], "inherited") == 0)
		return inherited(), 1;
	CHECK(strcmp(argv[1], "deaths") == 0 && chdir(dirname(argv[0])) == 0);
	(void) setrlimit(RLIMIT_CORE, &cores);
	for (size_t i = 0; i < COUNT(all); i++)
		traced(all[i].name, all[i].run);
	return 0;
}
