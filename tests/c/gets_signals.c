/* Gets signals of all kinds, one after the other. Every second handler has not asked for a description. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* libc adds it: arch/x86/include/uapi/asm/signal.h. */
#define SA_RESTORER 0x04000000

static sigjmp_buf behind;
static volatile int got;

static void
handle(int signal)
{
	syscall(SYS_getppid);
	got++;
	if (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL)
		siglongjmp(behind, 1);
}

static void
set_handlers(void)
{
	for (int signal = 1; signal < 65; signal++) {
		struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART}, found;

		if (signal == SIGKILL || signal == SIGSTOP || signal == SIGPROF || signal == 32 || signal == 33)
			continue;
		if (signal % 2 == 0)
			action.sa_flags |= SA_SIGINFO;
		CHECK(sigaction(signal, &action, NULL) == 0);
		CHECK(sigaction(signal, NULL, &found) == 0);
		CHECK(found.sa_handler == handle && (found.sa_flags & ~SA_RESTORER) == action.sa_flags);
	}
}

/* What was asked for is what is found, also when the handler has had its only call. */
static void
once(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESETHAND}, found;

	CHECK(sigaction(SIGPROF, &action, NULL) == 0);
	raise(SIGPROF);
	CHECK(sigaction(SIGPROF, NULL, &found) == 0);
	CHECK(found.sa_handler == SIG_DFL && (found.sa_flags & ~SA_RESTORER) == (int) SA_RESETHAND);
}

static void
from_processes(void)
{
	union sigval value = {.sival_ptr = (void *) 0x1234};
	siginfo_t information = {.si_code = SI_MESGQ};

	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	raise(SIGUSR1);
	raise(40);
	sigqueue(getpid(), SIGRTMIN + 1, value);
	value.sival_ptr = NULL;
	sigqueue(getpid(), SIGUSR2, value);
	information.si_pid = 5;
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &information);
	information.si_code = SI_SIGIO;
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &information);
}

static void
faults(void)
{
	int fd = memfd_create("empty", 0);
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(page != MAP_FAILED && beyond != MAP_FAILED);
	if (sigsetjmp(behind, 1) == 0)
		*(volatile char *) 8 = 1;
	if (sigsetjmp(behind, 1) == 0)
		*(volatile char *) page = 1;
	if (sigsetjmp(behind, 1) == 0)
		*(volatile char *) beyond = 1;
	if (sigsetjmp(behind, 1) == 0)
		*(volatile char *) INT64_MIN = 1;
	if (sigsetjmp(behind, 1) == 0)
		__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx" ::: "rax", "rcx", "rdx");
	if (sigsetjmp(behind, 1) == 0)
		__asm__ volatile("ud2");
	__asm__ volatile("int3");
}

static void
from_the_kernel(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = 7};
	struct itimerspec soon = {.it_value = {.tv_nsec = 1000}};
	timer_t timer;
	int before, pipes[2];

	before = got;
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	while (got == before)
		;
	before = got;
	CHECK(setitimer(ITIMER_REAL, &(struct itimerval) {.it_value = {.tv_usec = 1}}, NULL) == 0);
	while (got == before)
		;
	CHECK(pipe(pipes) == 0 && fcntl(pipes[0], F_SETOWN, getpid()) == 0 && fcntl(pipes[0], F_SETFL, O_ASYNC) == 0);
	CHECK(write(pipes[1], "x", 1) == 1);
	CHECK(fcntl(pipes[0], F_SETSIG, SIGIO) == 0 && write(pipes[1], "x", 1) == 1);
}

static void
of_children(void)
{
	int before = got;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0)
		_exit(3);
	while (got == before)
		;
	CHECK(waitpid(child, NULL, 0) == child);
}

static void
of_filters(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 7),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, filter};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	syscall(SYS_getpgrp);
}

int
main(int argc, char **argv)
{
	set_handlers();
	once();
	from_processes();
	faults();
	from_the_kernel();
	of_children();
	of_filters();
	if (argc > 1 && strcmp(argv[1], "and is killed") == 0)
		kill(getpid(), SIGKILL);
	return 0;
}
