/* Gives the kernel pointers that lead nowhere, in calls that take them, and prints what it says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

/* 'w' is a wild pointer, 'f' a file, 's' a socket, 'd' the current folder, '-' is -1, '!' a wild pointer that is not NULL; digits are themselves, k a kilobyte. */
static const struct call {
	const char *name;
	long number;
	const char *args;
} calls[] = {
#define CALL(name, args) {#name, SYS_##name, args}
	CALL(read, "fwk"), CALL(write, "fwk"), CALL(open, "w00"), CALL(stat, "ww"), CALL(fstat, "fw"), CALL(lstat, "ww"),
	CALL(poll, "w10"), CALL(rt_sigaction, "5ww8"), CALL(rt_sigaction, "5w08"), CALL(rt_sigaction, "50w8"),
	CALL(rt_sigprocmask, "0ww8"), CALL(ioctl, "f0w"), CALL(pread64, "fwk0"), CALL(pwrite64, "fwk0"), CALL(readv, "fw2"),
	CALL(writev, "fw2"), CALL(access, "w0"), CALL(pipe, "w"), CALL(select, "1www!"), CALL(nanosleep, "ww"),
	CALL(getitimer, "0w"), CALL(setitimer, "0ww"), CALL(sendfile, "ffw1"), CALL(connect, "swk"), CALL(accept, "sww"),
	CALL(sendto, "swk000"), CALL(recvfrom, "swk400"), CALL(sendmsg, "sw0"), CALL(recvmsg, "sw4"), CALL(bind, "swk"),
	CALL(getsockname, "sww"), CALL(getpeername, "sww"), CALL(socketpair, "110w"), CALL(setsockopt, "s12w4"),
	CALL(getsockopt, "s13ww"), CALL(execve, "www"), CALL(wait4, "-w0w"), CALL(uname, "w"), CALL(getdents, "fwk"),
	CALL(getcwd, "wk"), CALL(chdir, "w"), CALL(rename, "ww"), CALL(mkdir, "w0"), CALL(rmdir, "w"), CALL(creat, "w0"),
	CALL(link, "ww"), CALL(unlink, "w"), CALL(symlink, "ww"), CALL(readlink, "wwk"), CALL(chmod, "w0"),
	CALL(chown, "w00"), CALL(gettimeofday, "ww"), CALL(getrlimit, "0w"), CALL(getrusage, "0w"), CALL(sysinfo, "w"),
	CALL(times, "w"), CALL(getgroups, "9w"), CALL(rt_sigpending, "w8"), CALL(rt_sigtimedwait, "www8"),
	CALL(rt_sigsuspend, "w8"), CALL(sigaltstack, "w0"), CALL(sigaltstack, "0w"), CALL(utime, "ww"), CALL(mknod, "w00"),
	CALL(statfs, "ww"), CALL(fstatfs, "fw"), CALL(truncate, "w0"), CALL(setxattr, "www10"), CALL(getxattr, "wwwk"),
	CALL(futex, "w0"), CALL(futex, "w01w00"), CALL(sched_getaffinity, "0kw"), CALL(epoll_ctl, "f1fw"),
	CALL(getdents64, "fwk"), CALL(clock_gettime, "0w"), CALL(clock_nanosleep, "00ww"), CALL(timer_create, "0ww"),
	CALL(openat, "dw00"), CALL(mkdirat, "dw0"), CALL(newfstatat, "dww0"), CALL(unlinkat, "dw0"), CALL(readlinkat, "dwwk"),
	CALL(pselect6, "1www!w"), CALL(ppoll, "w1w08"), CALL(get_robust_list, "0ww"), CALL(utimensat, "dww0"),
	CALL(signalfd4, "-w80"), CALL(pipe2, "w0"), CALL(preadv, "fw100"), CALL(pwritev, "fw100"), CALL(recvmmsg, "sw10w"),
	CALL(sendmmsg, "sw10"), CALL(prlimit64, "00ww"), CALL(process_vm_readv, "0w1w10"), CALL(getrandom, "wk0"),
	CALL(memfd_create, "w0"), CALL(execveat, "dwww0"), CALL(statx, "dw00w"), CALL(clone3, "wk"), CALL(openat2, "dwwk"),
	CALL(mq_open, "w0"), CALL(add_key, "www10"), CALL(mount, "www0w"), CALL(prctl, "8w"), CALL(arch_prctl, "0w"),
	CALL(mincore, "wkw"), CALL(msync, "wk0"), CALL(mremap, "wkk0"), CALL(munmap, "w0"), CALL(madvise, "wk0"),
	CALL(set_mempolicy, "0wk"), CALL(name_to_handle_at, "dwww0"), CALL(bpf, "0wk"), CALL(seccomp, "10w"),
};

static long
value(char letter, long wild, int file, int other)
{
	switch (letter) {
	case 'w':
		return wild;
	case '!':
		return wild ? wild : 1;
	case 'f':
		return file;
	case 's':
		return other;
	case 'd':
		return AT_FDCWD;
	case 'k':
		return 1024;
	case '-':
		return -1;
	default:
		return letter - '0';
	}
}

int
main(void)
{
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Nothing; not a pointer; a byte before a hole; in it; no address at all; the kernel's; the last. */
	long wild[] = {0, 0x10, (long) hole + 4095, (long) hole + 4096, 0x1234567890abcdef, (long) 0xffff888000000000, -1};
	int file = open("/proc/self/exe", O_RDONLY), sockets[2];

	CHECK(file >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
	CHECK(write(sockets[1], "something", 9) == 9);
	CHECK(hole != MAP_FAILED && mprotect(hole + 4096, 4096, PROT_NONE) == 0);
	hole[4095] = '/';
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		printf("%s(%s):", calls[i].name, calls[i].args);
		for (size_t j = 0; j < sizeof(wild) / sizeof(wild[0]); j++) {
			long args[6] = {0}, result;

			for (size_t k = 0; k < strlen(calls[i].args); k++)
				args[k] = value(calls[i].args[k], wild[j], file, sockets[0]);
			errno = 0;
			result = syscall(calls[i].number, args[0], args[1], args[2], args[3], args[4], args[5]);
			if (result == -1)
				printf(" %s", strerrorname_np(errno));
			else if (result > 10000)
				printf(" large");
			else
				printf(" %ld", result);
		}
		printf("\n");
	}
	return 0;
}
