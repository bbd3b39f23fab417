/*
 * What programs do that makes it hard for a library to go unnoticed. One argument: which of these.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))

/* A daemon's first act: every descriptor is closed, by each of the ways there are. Then descriptors are handed out from 3. */
static void
close_all(void)
{
	struct rlimit usual = {1024, 1024};
	int a, b;

	setrlimit(RLIMIT_NOFILE, &usual);
	closefrom(3);
	a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
	SAY("after closefrom: %d %d\n", a, b);
	for (int fd = 3; fd < 70000; fd++)
		close(fd);
	a = open("/dev/null", O_RDONLY), b = dup(0);
	SAY("after a loop of close: %d %d\n", a, b);
	SAY("close_range: %d\n", close_range(3, ~0U, 0));
	a = open("/dev/null", O_RDONLY);
	/* A program may use any number. */
	for (int fd = 4; fd < 1024; fd++)
		if (dup2(a, fd) != fd)
			SAY("dup2 to %d: %s\n", fd, strerror(errno));
	for (int fd = 4; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != 0)
			SAY("%d is not as it was left: %d %s\n", fd, fcntl(fd, F_GETFD), strerror(errno));
	/* Full: what the program may not have, it does not get, and nobody writes into its files. */
	for (int fd = 4; fd < 1024; fd++)
		close(fd);
	a = open("mine", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int fd = a + 1; fd < 1024; fd++)
		dup2(a, fd);
	for (int i = 0; i < 100; i++)
		getppid();
	b = open("/dev/null", O_RDONLY);
	SAY("with all in use: %d %s\n", b, b < 0 ? strerror(errno) : "");
	SAY("written to our file: %ld\n", (long) lseek(a, 0, SEEK_END));
}

static void
limits(void)
{
	struct rlimit few = {10, 10}, memory = {300 << 20, 300 << 20}, file = {4096, 4096}, got;

	setrlimit(RLIMIT_NOFILE, &few);
	getrlimit(RLIMIT_NOFILE, &got);
	for (int fd = 3; fd < 12; fd++)
		SAY("%d ", dup(0));
	SAY("%s, limit %ld\n", strerror(errno), (long) got.rlim_cur);
	setrlimit(RLIMIT_AS, &memory);
	SAY("malloc of 1 GB: %s\n", malloc(1 << 30) == NULL ? strerror(errno) : "granted");
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &file);
	for (int i = 0; i < 1000; i++)
		getppid();
	SAY("alive\n");
}

static void
privileges(void)
{
	gid_t group = 65534;
	int status;

	if (geteuid() == 0) {
		mkdir("root", 0755);
		SAY("chroot: %d\n", chroot("root") || chdir("/"));
		SAY("open: %s\n", open("/etc/passwd", O_RDONLY) < 0 ? strerror(errno) : "still there");
		SAY("setgroups: %d, setgid: %d, setuid: %d\n", setgroups(1, &group), setgid(65534), setuid(65534));
	}
	SAY("root again: %d\n", geteuid() == 0 ? 0 : setuid(0));
	SAY("dumpable: %d\n", prctl(PR_GET_DUMPABLE));
	if (fork() == 0) {
		SAY("unshare: %d\n", unshare(CLONE_NEWUSER | CLONE_FILES | CLONE_FS));
		_exit(getpid() == 1);
	}
	wait(&status);
	SAY("child: %d\n", status);
}

static void
seccomp_strict(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		if (write(1, "strict\n", 7) == 7)
			syscall(SYS_exit, 3);
		syscall(SYS_exit, 4);
	}
	wait(&status);
	SAY("%s %d\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit", WEXITSTATUS(status));
}

static volatile sig_atomic_t ticks;
static sigjmp_buf where;

static void
tick(int signal)
{
	(void) signal;
	ticks++;
	/* A handler's own calls. */
	if (getppid() < 0 || ticks < 0)
		abort();
}

static void
leave(int signal)
{
	(void) signal;
	ticks++;
	siglongjmp(where, 1);
}

/* A timer that fires whenever it can, while calls are made: none may fail, and each handler's own calls must work. */
static void
signal_storm(void (*handler)(int))
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK | SA_NODEFER};
	/* Room for dozens of handlers, each in the one before: on a busy machine many ticks come at once. */
	stack_t stack = {.ss_sp = malloc(256 * 1024), .ss_size = 256 * 1024};
	int ends[2];
	/* It outlives the jumps. */
	volatile int wrong = 0;
	char byte;

	sigaltstack(&stack, NULL);
	if (handler == leave)
		action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	if (pipe(ends) != 0)
		abort();
	if (handler != leave || sigsetjmp(where, 1) == 0)
		setitimer(ITIMER_REAL, &often, NULL);
	while (ticks < 3000) {
		wrong += getppid() <= 0;
		if (handler == tick)
			wrong += write(ends[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1 || byte != 'x';
	}
	setitimer(ITIMER_REAL, &never, NULL);
	SAY("wrong: %d\n", wrong);
}

/* Bad pointers are the kernel's to judge. */
static void
wild_pointers(void)
{
	/* The number, and a first argument if it is no pointer. */
	static const struct call {
		long number, first;
	} calls[] = {
		{SYS_open, 0}, {SYS_stat, 0}, {SYS_lstat, 0}, {SYS_access, 0}, {SYS_pipe, 0}, {SYS_nanosleep, 0}, {SYS_uname, 0},
		{SYS_getcwd, 0}, {SYS_chdir, 0}, {SYS_rename, 0}, {SYS_mkdir, 0}, {SYS_rmdir, 0}, {SYS_creat, 0}, {SYS_link, 0},
		{SYS_unlink, 0}, {SYS_symlink, 0}, {SYS_readlink, 0}, {SYS_chmod, 0}, {SYS_chown, 0}, {SYS_gettimeofday, 0},
		{SYS_sysinfo, 0}, {SYS_rt_sigpending, 0}, {SYS_sigaltstack, 0}, {SYS_utime, 0}, {SYS_statfs, 0}, {SYS_execve, 0},
		{SYS_getxattr, 0}, {SYS_listxattr, 0}, {SYS_pipe2, 0}, {SYS_getrandom, 0}, {SYS_memfd_create, 0}, {SYS_clone3, 0},
		{SYS_truncate, 0}, {SYS_times, 0}, {SYS_capget, 0},
		/* Standard input is /dev/null. */
		{SYS_read, 1}, {SYS_write, 1}, {SYS_fstat, 1}, {SYS_pread64, 1}, {SYS_pwrite64, 1}, {SYS_readv, 1}, {SYS_writev, 1},
		{SYS_ioctl, 1}, {SYS_fcntl, 1}, {SYS_connect, 1}, {SYS_bind, 1}, {SYS_accept, 1}, {SYS_sendto, 1}, {SYS_recvfrom, 1},
		{SYS_sendmsg, 1}, {SYS_recvmsg, 1}, {SYS_getsockname, 1}, {SYS_getsockopt, 1}, {SYS_setsockopt, 1}, {SYS_getdents64, 1},
		{SYS_fstatfs, 1}, {SYS_epoll_ctl, 1}, {SYS_preadv, 1}, {SYS_sendmmsg, 1}, {SYS_recvmmsg, 1}, {SYS_statx, 1},
		/* The working directory. */
		{SYS_openat, AT_FDCWD}, {SYS_newfstatat, AT_FDCWD}, {SYS_mkdirat, AT_FDCWD}, {SYS_unlinkat, AT_FDCWD},
		{SYS_readlinkat, AT_FDCWD}, {SYS_faccessat2, AT_FDCWD}, {SYS_utimensat, AT_FDCWD}, {SYS_openat2, AT_FDCWD},
		{SYS_execveat, AT_FDCWD}, {SYS_statx, AT_FDCWD},
		/* Signals, clocks and limits. */
		{SYS_rt_sigaction, SIGUSR1}, {SYS_rt_sigprocmask, SIG_BLOCK}, {SYS_clock_gettime, 1}, {SYS_clock_getres, 1},
		{SYS_getitimer, 1}, {SYS_getrlimit, 7}, {SYS_getrusage, 1}, {SYS_getgroups, 1}, {SYS_prlimit64, -1}, {SYS_wait4, -1},
	};
	/* Always the same address: it is also passed where a length or flags belong. */
	char *nothing = mmap((void *) 0x123456000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	char *bad[] = {NULL, (char *) 8, (char *) -1L, (char *) 0x7ffffffff000, nothing + 4096, nothing + 4095};

	/* The last byte that can be read: a string and every structure go on where nothing is. */
	nothing[4095] = 'x';
	mprotect(nothing + 4096, 4096, PROT_NONE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
			long first = calls[c].first != 0 ? calls[c].first == 1 ? 0 : calls[c].first : (long) bad[i];
			long result = syscall(calls[c].number, first, bad[i], bad[i], bad[i], bad[i], bad[i]);

			SAY("%zu, call %ld: %s\n", i, calls[c].number, result == -1 ? strerror(errno) : "done");
		}
}

static void
crash(void)
{
	struct rlimit no_limit = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_CORE, &no_limit);
	raise(SIGSEGV);
}

int
main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "";

	if (strcmp(which, "close_all") == 0)
		close_all();
	else if (strcmp(which, "limits") == 0)
		limits();
	else if (strcmp(which, "privileges") == 0)
		privileges();
	else if (strcmp(which, "seccomp_strict") == 0)
		seccomp_strict();
	else if (strcmp(which, "signals_return") == 0)
		signal_storm(tick);
	else if (strcmp(which, "signals_jump") == 0)
		signal_storm(leave);
	else if (strcmp(which, "wild_pointers") == 0)
		wild_pointers();
	else if (strcmp(which, "crash") == 0)
		crash();
	else
		return 2;
	return 0;
}
