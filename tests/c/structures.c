/* Calls whose arguments are structures, made one after the other: `structures FOLDER`, an empty one that it works in. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/stat.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* As many bytes as the largest structure takes. */
static char room[4096];

static void
files(void)
{
	const struct iovec texts[] = {{"one", 3}, {"", 0}, {"a text that is longer than thirty-two bytes", 43}};
	struct iovec buffers[] = {{room, 2}, {room + 100, 40}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
	struct timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_nsec = UTIME_OMIT}};
	off_t offset = 1;
	int pipes[2];
	int fd = syscall(SYS_openat, AT_FDCWD, "file", O_RDWR | O_CREAT, 0640);

	syscall(SYS_writev, fd, texts, 3);
	syscall(SYS_writev, fd, (void *) 8, 3);
	syscall(SYS_writev, fd, texts, 0);
	syscall(SYS_pwritev, fd, texts, 1, 0);
	syscall(SYS_preadv, fd, buffers, 2, 0);
	syscall(SYS_lseek, fd, 40, SEEK_SET);
	syscall(SYS_readv, fd, buffers, 2);
	syscall(SYS_readv, -1, buffers, 2);
	syscall(SYS_fcntl, fd, F_SETLK, &lock);
	syscall(SYS_fcntl, fd, F_GETLK, &lock);
	syscall(SYS_utimensat, AT_FDCWD, "file", times, 0);
	syscall(SYS_utimensat, AT_FDCWD, "file", NULL, 0);
	syscall(SYS_stat, "file", room);
	syscall(SYS_lstat, "/dev/null", room);
	syscall(SYS_fstat, fd, room);
	syscall(SYS_fstat, -1, room);
	syscall(SYS_stat, "file", 8);
	syscall(SYS_newfstatat, AT_FDCWD, "no such file", room, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, STATX_MODE | STATX_SIZE, room);
	syscall(SYS_statx, AT_FDCWD, "file", AT_STATX_FORCE_SYNC, STATX_ALL, room);
	syscall(SYS_statfs, "/proc", room);
	syscall(SYS_pipe2, pipes, O_CLOEXEC);
	syscall(SYS_sendfile, pipes[1], fd, &offset, 5);
	syscall(SYS_pipe2, 8, 0);
	syscall(SYS_ioctl, fd, 0x5401, room);
	syscall(SYS_ioctl, pipes[0], 0x541b, room);
	syscall(SYS_close, fd);
}

static void
times(void)
{
	struct timespec short_time = {.tv_nsec = 1000};
	struct timeval when = {.tv_sec = 1};
	struct itimerval timer = {.it_value = {.tv_sec = 9}};
	struct itimerspec alarm = {.it_value = {.tv_sec = 9}, .it_interval = {.tv_nsec = 5}};
	int fd = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC);

	syscall(SYS_nanosleep, &short_time, NULL);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &short_time, room);
	syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &short_time, NULL);
	syscall(SYS_clock_getres, CLOCK_REALTIME_COARSE, room);
	syscall(SYS_clock_gettime, 77, room);
	syscall(SYS_setitimer, ITIMER_VIRTUAL, &timer, room);
	syscall(SYS_setitimer, ITIMER_REAL, &timer, NULL);
	syscall(SYS_timerfd_settime, fd, 0, &alarm, room);
	syscall(SYS_utimes, "file", &(struct timeval[2]) {when, when});
	syscall(SYS_select, 0, NULL, NULL, NULL, &(struct timeval) {0});
}

static void
signals(void)
{
	struct kernel_sigaction action = {.handler = (void *) 0x1234, .flags = SA_RESTART | SA_SIGINFO};
	uint64_t set = 1 << (SIGINT - 1) | 1 << (SIGUSR1 - 1), most = ~set, old;
	struct timespec now = {0};
	stack_t stack = {.ss_sp = room, .ss_size = sizeof room};

	syscall(SYS_rt_sigaction, SIGUSR1, &action, room, 8);
	action = (struct kernel_sigaction) {.handler = SIG_IGN, .flags = SA_NODEFER | SA_RESETHAND, .mask = most};
	syscall(SYS_rt_sigaction, SIGUSR1, &action, room, 8);
	action = (struct kernel_sigaction) {.handler = SIG_DFL, .mask = set};
	syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
	syscall(SYS_rt_sigaction, SIGKILL, &action, room, 8);
	syscall(SYS_rt_sigaction, SIGUSR1, 8, room, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	syscall(SYS_rt_sigpending, &old, 8);
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	syscall(SYS_rt_sigpending, &old, 8);
	syscall(SYS_rt_sigtimedwait, &set, room, &now, 8);
	syscall(SYS_rt_sigtimedwait, &set, NULL, &now, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &most, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &most, &old, 8);
	syscall(SYS_sigaltstack, NULL, room + 100);
	syscall(SYS_sigaltstack, &stack, NULL);
	syscall(SYS_sigaltstack, &(stack_t) {.ss_flags = SS_DISABLE}, &stack);
}

static void
sockets(void)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "no such socket"};
	struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0nobody"};
	struct sockaddr_nl link = {.nl_family = AF_NETLINK, .nl_groups = 5};
	struct iovec part = {"hello", 5}, into = {room, 20};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1}, answer = {.msg_iov = &into, .msg_iovlen = 1};
	struct linger linger = {1, 2};
	struct timeval wait = {.tv_sec = 3};
	int one = 1, pair[2];
	socklen_t length = sizeof one;
	int fd = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	syscall(SYS_setsockopt, fd, SOL_TCP, TCP_NODELAY, &one, sizeof one);
	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &one, &length);
	syscall(SYS_getsockopt, -1, SOL_SOCKET, SO_TYPE, &one, &length);
	syscall(SYS_connect, fd, &four, sizeof four);
	syscall(SYS_bind, -1, &six, sizeof six);
	syscall(SYS_connect, -1, &local, sizeof local);
	syscall(SYS_connect, -1, &abstract, 9);
	syscall(SYS_connect, -1, &link, sizeof link);
	syscall(SYS_connect, -1, 8, sizeof link);
	syscall(SYS_connect, -1, NULL, 0);
	syscall(SYS_connect, -1, &(struct sockaddr) {.sa_family = 77, .sa_data = "xyz"}, 6);
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	syscall(SYS_sendto, pair[0], "text", 4, MSG_NOSIGNAL, NULL, 0);
	syscall(SYS_recvfrom, pair[1], room, 100, 0, NULL, NULL);
	syscall(SYS_sendto, -1, "text", 4, 0, &four, sizeof four);
	syscall(SYS_sendmsg, pair[0], &message, MSG_NOSIGNAL);
	syscall(SYS_recvmsg, pair[1], &answer, 0);
	syscall(SYS_recvmsg, -1, &answer, MSG_DONTWAIT);
	message.msg_name = &four;
	message.msg_namelen = sizeof four;
	syscall(SYS_sendmsg, -1, &message, 0);
	syscall(SYS_getsockname, -1, room, &length);
	syscall(SYS_close, fd);
}

static void
waiting(void)
{
	struct timespec now = {0};
	struct timeval soon = {0};
	struct epoll_event wanted = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x100000007}, events[2];
	struct pollfd fds[3] = {{.events = POLLIN}, {.events = POLLOUT | POLLPRI}, {.fd = -1, .events = 0x8000}};
	fd_set reads, writes;
	int pipes[2], epoll = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);

	syscall(SYS_pipe2, pipes, 0);
	fds[0].fd = pipes[0], fds[1].fd = pipes[1];
	syscall(SYS_poll, fds, 1, 0);
	syscall(SYS_poll, fds, 3, 0);
	syscall(SYS_poll, NULL, 0, 1);
	syscall(SYS_poll, 8, 1, 0);
	syscall(SYS_ppoll, fds, 2, &now, NULL, 0);
	syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pipes[0], &wanted);
	syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, -1, &wanted);
	syscall(SYS_epoll_wait, epoll, events, 2, 0);
	syscall(SYS_write, pipes[1], "x", 1);
	syscall(SYS_epoll_wait, epoll, events, 2, 0);
	syscall(SYS_epoll_pwait, epoll, events, 2, 0, NULL, 8);
	syscall(SYS_poll, fds, 2, -1);
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(pipes[0], &reads);
	FD_SET(pipes[1], &writes);
	syscall(SYS_select, pipes[1] + 1, &reads, NULL, NULL, &soon);
	syscall(SYS_select, -1, NULL, NULL, NULL, NULL);
}

static void
processes(void)
{
	struct rlimit limit = {.rlim_cur = 1024, .rlim_max = RLIM_INFINITY};
	uint64_t cpus = 0;
	pid_t child;
	int status;

	syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, room);
	syscall(SYS_setrlimit, RLIMIT_CPU, &limit);
	syscall(SYS_getrlimit, RLIMIT_CPU, room);
	syscall(SYS_prlimit64, -1, RLIMIT_CPU, &limit, room);
	syscall(SYS_uname, room);
	syscall(SYS_uname, 8);
	syscall(SYS_getgroups, 0, NULL);
	syscall(SYS_getresuid, room, room + 4, room + 8);
	syscall(SYS_prctl, PR_GET_PDEATHSIG, room);
	syscall(SYS_prctl, PR_SET_NAME, "a name");
	syscall(SYS_prctl, PR_GET_NAME, room);
	syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_sched_getparam, 0, room);
	syscall(SYS_sched_setaffinity, 0, 0, &cpus);
	syscall(SYS_arch_prctl, 0x1003, room);
	for (int way = 0; way < 3; way++) {
		child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			if (way == 1)
				syscall(SYS_kill, getpid(), SIGTERM);
			syscall(SYS_exit_group, way * 20);
		}
		if (way == 2)
			syscall(SYS_wait4, child, NULL, 0, NULL);
		else
			syscall(SYS_wait4, child, &status, 0, way == 0 ? NULL : room);
	}
	syscall(SYS_wait4, -1, &status, WNOHANG, NULL);
}

int
main(int argc, char **argv)
{
	CHECK(argc == 2 && chdir(argv[1]) == 0);
	files();
	times();
	signals();
	sockets();
	waiting();
	processes();
	return 0;
}
