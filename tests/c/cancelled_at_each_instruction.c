/*
 * A thread is on its way into a call that waits for ever, and is cancelled at each instruction of that way in turn: it ends, each
 * time. `cancelled_at_each_instruction HOW ROUNDS`: far from stubs and from the call only about so many instructions are tried.
 *
 * HOW may also be "unwinding": at each instruction of the stub a signal arrives, and its handler, before it ends the thread, looks
 * for the way back to the program. (Not with musl, whose functions do not say how to unwind them.)
 *
 * A parent steps the thread to the instruction, has another thread of the child cancel it, and lets it go.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* Instructions from the stop to the call: more than any way there has. */
#define MOST 100000
/* How near to a stub and to the call each instruction is tried: the assembly around the code in Rust, but for vector registers. */
#define NEAR 40
#define SECONDS 20

/* What parent and child tell each other. */
static volatile struct shared {
	/* Of the thread that is to be cancelled. */
	pid_t thread;
	int cancel, cancelled, ended, done;
} *shared;

static int type, unwinds, ends[2];
static pid_t process;

static void
nap(void)
{
	nanosleep(&(struct timespec) {.tv_nsec = 100000}, NULL);
}

/* For the parent: waits a moment for the child, which must not have ended. */
static void
wait_for_child(void)
{
	int status;
	pid_t ended = waitpid(process, &status, WNOHANG);

	if (ended != 0) {
		fprintf(stderr, "the child has ended: status %x\n", status);
		exit(1);
	}
	nap();
}

/* The last system call before the one in question, past libc and so past any stub. */
static inline __attribute__((always_inline)) void
stop_here(long process, long thread)
{
	long result = SYS_tgkill;

	__asm__ volatile ("syscall" : "+a" (result) : "D" (process), "S" (thread), "d" ((long) SIGSTOP) : "rcx", "r11", "memory");
}

static void *wait_for_ever(void *);
static void child(void);

#ifdef __GLIBC__
#include <execinfo.h>

static void
look_back(int signal)
{
	void *frames[50];
	int count = backtrace(frames, 50);

	(void) signal;
	for (int i = 0; i < count; i++)
		if ((char *) frames[i] > (char *) wait_for_ever && (char *) frames[i] < (char *) child)
			pthread_exit(PTHREAD_CANCELED);
}
#else
#define look_back SIG_IGN
#endif

static __attribute__((noinline)) void *
wait_for_ever(void *unused)
{
	long process = getpid(), thread = syscall(SYS_gettid);
	char byte;

	CHECK(pthread_setcanceltype(type, NULL) == 0);
	/* A thread is traced by the parent of its process. */
	CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	shared->thread = thread;
	stop_here(process, thread);
	read(ends[0], &byte, 1);
	return unused;
}

/* Defined right behind it. */
static __attribute__((noinline)) void
child(void)
{
	pthread_t thread;
	void *result;
	char byte;

	/* The dynamic loader looks functions up when they are first called, which takes instructions of its own. */
	CHECK(write(ends[1], "", 1) == 1 && read(ends[0], &byte, 1) == 1);
	while (!shared->done) {
		CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
		while (!shared->cancel)
			nap();
		CHECK((unwinds ? pthread_kill(thread, SIGUSR1) : pthread_cancel(thread)) == 0);
		shared->cancelled = 1;
		CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
		shared->ended = 1;
		while (shared->ended)
			nap();
	}
	_exit(0);
}

static int
next_is_call(pid_t thread, const struct user_regs_struct *registers)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, thread, (void *) registers->rip, NULL);
	CHECK(errno == 0);
	return (word & 0xffff) == 0x050f && registers->rax == SYS_read;
}

/* Whether an address lies in executable memory that is no file. */
static int
is_stub(unsigned long address)
{
	static unsigned long start, end;
	unsigned long first, last;
	char path[64], line[512], executable;
	int name;
	FILE *maps;

	if (end == 0) {
		end = 1;
		snprintf(path, sizeof(path), "/proc/%d/maps", process);
		CHECK((maps = fopen(path, "r")) != NULL);
		while (fgets(line, sizeof(line), maps) != NULL) {
			CHECK(sscanf(line, "%lx-%lx %*2c%c%*c %*s %*s %*s %n", &first, &last, &executable, &name) == 3);
			if (executable == 'x' && line[name] == '\0') {
				start = first;
				end = last;
				break;
			}
		}
		fclose(maps);
	}
	return start <= address && address < end;
}

static void
wait_for(pid_t thread, int what)
{
	int status;

	CHECK(waitpid(thread, &status, __WALL) == thread);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != what) {
		fprintf(stderr, "status %x and not signal %d\n", status, what);
		exit(1);
	}
}

/* Steps the thread so many instructions, or to the call. Returns how many it has stepped; notes which are stubs. */
static int
step(int most, char *stub)
{
	struct user_regs_struct registers;
	pid_t thread;
	int steps;

	while ((thread = shared->thread) == 0)
		wait_for_child();
	wait_for(thread, SIGSTOP);
	for (steps = 0; steps < most; steps++) {
		if (stub != NULL) {
			CHECK(ptrace(PTRACE_GETREGS, thread, NULL, &registers) == 0);
			stub[steps] = is_stub(registers.rip);
			if (next_is_call(thread, &registers))
				break;
		}
		CHECK(ptrace(PTRACE_SINGLESTEP, thread, NULL, NULL) == 0);
		wait_for(thread, SIGTRAP);
	}
	return steps;
}

/* Lets the thread go on, with a signal. A `pushfq` that was stepped has saved the trap flag of the step, so it may come back. */
static void
go_on(pid_t thread, int with)
{
	struct user_regs_struct registers;

	CHECK(ptrace(PTRACE_GETREGS, thread, NULL, &registers) == 0);
	registers.eflags &= ~0x100ul;
	CHECK(ptrace(PTRACE_SETREGS, thread, NULL, &registers) == 0);
	CHECK(ptrace(PTRACE_CONT, thread, NULL, (void *) (long) (with == SIGTRAP ? 0 : with)) == 0);
}

/* Cancels the thread where it is, and lets it go. Returns whether it ends. */
static int
cancel(void)
{
	pid_t thread = shared->thread;
	int status, gone = 0;

	shared->cancel = 1;
	while (!shared->cancelled)
		wait_for_child();
	go_on(thread, 0);
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end;) {
		if (!gone && waitpid(thread, &status, __WALL | WNOHANG) == thread) {
			gone = !WIFSTOPPED(status);
			if (!gone)
				go_on(thread, WSTOPSIG(status));
		} else
			wait_for_child();
		if (gone && shared->ended)
			return 1;
	}
	return 0;
}

/* Whether an instruction is one to try. */
static int
is_tried(int instruction, int instructions, const char *stub, int stride)
{
	if (unwinds)
		return stub[instruction];
	if (instruction % stride == 0 || instruction + NEAR >= instructions)
		return 1;
	for (int near = -NEAR; near <= NEAR; near++)
		if (instruction + near >= 0 && instruction + near < instructions && stub[instruction + near])
			return 1;
	return 0;
}

static void
next(int is_last)
{
	shared->thread = shared->cancel = shared->cancelled = 0;
	shared->done = is_last;
	shared->ended = 0;
}

int
main(int argc, char **argv)
{
	static char stub[MOST];
	int instructions, status, stride;
	cpu_set_t here;

	CHECK(argc == 3);
	unwinds = strcmp(argv[1], "unwinding") == 0;
	CHECK(!unwinds || signal(SIGUSR1, look_back) != SIG_ERR);
	type = unwinds || strcmp(argv[1], "deferred") == 0 ? PTHREAD_CANCEL_DEFERRED : PTHREAD_CANCEL_ASYNCHRONOUS;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED && pipe(ends) == 0);
	/* A step takes ten times as long if parent and child are on different processors. */
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	CHECK(sched_setaffinity(0, sizeof(here), &here) == 0);
	CHECK((process = fork()) >= 0);
	if (process == 0)
		child();
	instructions = step(MOST, stub);
	CHECK(instructions < MOST);
	stride = instructions / atoi(argv[2]) + 1;
	/* The first round has gone all the way. */
	for (int instruction = instructions;; instruction--) {
		int is_last = instruction == 0;

		if (instruction < instructions) {
			if (!is_last && !is_tried(instruction, instructions, stub, stride))
				continue;
			step(instruction, NULL);
		}
		if (!cancel()) {
			fprintf(stderr, "cancelled at instruction %d of %d, the thread waits for ever\n", instruction, instructions);
			kill(process, SIGKILL);
			return 1;
		}
		next(is_last);
		if (is_last)
			break;
	}
	CHECK(waitpid(process, &status, 0) == process && status == 0);
	puts("cancelled each time");
	return 0;
}
