/* Things a program may arrange with the kernel, in one way each: `kernel_contracts WHAT`. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

/* Runs something in a child and prints how that ends. */
#define IN_CHILD(what, ...) \
	do { \
		int status; \
		pid_t child = fork(); \
		CHECK(child >= 0); \
		if (child == 0) { \
			__VA_ARGS__; \
			syscall(SYS_exit, 0); \
		} \
		CHECK(waitpid(child, &status, 0) == child); \
		printf("%s: status %x\n", what, status); \
	} while (0)

static long
own_getppid(void)
{
	long result;

	__asm__ volatile ("syscall" : "=a" (result) : "0" ((long) SYS_getppid) : "rcx", "r11", "memory");
	return result;
}

static void
seccomp_strict(void)
{
	IN_CHILD("what is allowed",
		CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0); CHECK(write(STDOUT_FILENO, "strict\n", 7) == 7));
	IN_CHILD("what is not", CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0); (void) getppid());
}

static void
install(struct sock_filter *filter, size_t length)
{
	struct sock_fprog program = {.len = length, .filter = filter};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

#define FIELD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static volatile int trapped, said_place;

static void
trap(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *) context)->uc_mcontext.gregs;

	(void) signal;
	trapped++;
	CHECK(memcmp((char *) registers[REG_RIP] - 2, "\x0f\x05", 2) == 0);
	said_place = info->si_call_addr == (void *) registers[REG_RIP];
	registers[REG_RAX] = 4000 + info->si_syscall;
}

static void
seccomp_by_number(void)
{
	struct sock_filter filter[] = {
		FIELD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EDOM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		RETURN(SECCOMP_RET_TRAP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};

	CHECK(sigaction(SIGSYS, &action, NULL) == 0);
	install(filter, sizeof(filter) / sizeof(filter[0]));
	CHECK(syscall(SYS_getuid) == -1 && errno == EDOM);
	printf("getppid %d\n", getppid());
	printf("getppid %d\n", getppid());
	CHECK(trapped == 2);
	IN_CHILD("getpgrp", (void) getpgrp());
}

/* The signal names the place of the call, as the context does. */
static void
place_of_the_trap(void)
{
	struct sock_filter filter[] = {
		FIELD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		RETURN(SECCOMP_RET_TRAP),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};

	CHECK(sigaction(SIGSYS, &action, NULL) == 0);
	install(filter, sizeof(filter) / sizeof(filter[0]));
	printf("getppid %d\n", getppid());
	printf("its place: %d\n", said_place);
}

static uintptr_t first, last;

static int
find_libc(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void) size, (void) unused;
	if (strstr(info->dlpi_name, "/libc.so") == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
			first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			last = first + info->dlpi_phdr[i].p_memsz;
		}
	}
	return 1;
}

/* Calls from libc's code are allowed, and those that the program makes itself are not. */
static void
seccomp_by_place(void)
{
	CHECK(dl_iterate_phdr(find_libc, NULL) == 1 && first >> 32 == last >> 32);
	struct sock_filter filter[] = {
		FIELD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 5),
		FIELD(instruction_pointer) /* lower half */,
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t) first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t) last, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_ERRNO | EDOM),
		RETURN(SECCOMP_RET_ALLOW),
	};

	install(filter, sizeof(filter) / sizeof(filter[0]));
	printf("libc's %d\n", getppid() > 0);
	printf("own %ld\n", own_getppid());
}

static volatile char selector;

static void
dispatched(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *) context)->uc_mcontext.gregs;

	(void) signal;
	selector = 0;
	trapped++;
	registers[REG_RAX] = 5000 + info->si_syscall;
}

/* Calls from elsewhere than libc come as signals. */
static void
user_dispatch(void)
{
	struct sigaction action = {.sa_sigaction = dispatched, .sa_flags = SA_SIGINFO};
	long libcs, own;

	CHECK(dl_iterate_phdr(find_libc, NULL) == 1);
	CHECK(sigaction(SIGSYS, &action, NULL) == 0);
	CHECK(prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, first, last - first, &selector) == 0);
	selector = 1;
	libcs = getppid();
	own = own_getppid();
	selector = 0;
	printf("libc's %d, own %ld, %d signals\n", libcs > 0, own, trapped);
	CHECK(prctl(59, 0, 0, 0, 0) == 0);
	printf("own %d\n", own_getppid() > 0);
}

static void
new_roots_and_namespaces(void)
{
	char folder[] = "/tmp/root-XXXXXX";

	CHECK(mkdtemp(folder) != NULL);
	IN_CHILD("chroot",
		CHECK(chroot(folder) == 0 && chdir("/") == 0);
		CHECK(open("/proc/self/mem", O_RDONLY) == -1 && errno == ENOENT);
		CHECK(getppid() > 0 && mkdir("inside", 0700) == 0 && rmdir("inside") == 0);
		CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL));
	CHECK(rmdir(folder) == 0);
	IN_CHILD("unshare",
		CHECK(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_FS | CLONE_FILES) == 0);
		CHECK(sethostname("elsewhere", 9) == 0);
		IN_CHILD("the first process", CHECK(getpid() == 1 && getppid() == 0)));
	IN_CHILD("unshare a user namespace", CHECK(unshare(CLONE_NEWUSER) == 0); CHECK(getuid() == 65534));
	IN_CHILD("setuid",
		CHECK(setgid(65534) == 0 && setuid(65534) == 0 && getuid() == 65534 && geteuid() == 65534);
		CHECK(setuid(0) == -1 && errno == EPERM));
}

/* No more memory: calls and threads go on to work, or fail as they should. */
static void
memory_limit(void)
{
	struct rlimit limit;
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
	fclose(file);
	limit.rlim_cur = limit.rlim_max = pages * 4096;
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int i = 0; i < 1000; i++)
		CHECK(getppid() > 0 && access("/", R_OK) == 0);
	CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(malloc(1 << 20) == NULL);
	IN_CHILD("a child", CHECK(getppid() > 0));
}

/* All descriptors closed, and every number used for a file of the program's own: nobody else writes there. */
static void
closed_descriptors(void)
{
	char path[] = "/tmp/own-XXXXXX", text[32];
	struct stat about;
	int file = mkstemp(path);

	CHECK(file >= 0 && unlink(path) == 0 && dup2(file, 2) == 2);
	CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
	for (int i = 3; i < 1000; i++)
		CHECK(dup2(2, i) == i);
	for (int i = 0; i < 100; i++)
		CHECK(getppid() > 0 && access("/", R_OK) == 0);
	IN_CHILD("a child", CHECK(getppid() > 0));
	CHECK(fstat(500, &about) == 0);
	printf("%ld bytes\n", (long) about.st_size);
	for (int i = 3; i < 1000; i++)
		CHECK(close(i) == 0);
	CHECK(close(3) == -1 && errno == EBADF);
	CHECK(open("/dev/null", O_RDWR) == 3 && write(3, "x", 1) == 1);
	CHECK(pread(2, text, sizeof(text), 0) == 0);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{"seccomp strict", seccomp_strict}, {"seccomp by number", seccomp_by_number},
		{"place of the trap", place_of_the_trap},
		{"seccomp by place", seccomp_by_place}, {"user dispatch", user_dispatch},
		{"namespaces", new_roots_and_namespaces}, {"memory", memory_limit}, {"descriptors", closed_descriptors},
	};

	CHECK(argc == 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
