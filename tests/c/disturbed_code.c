/* What handlers find of the code they have interrupted: `disturbed_code WHAT`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "disturbed.h"

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
	CHECK(getppid() >= 0);
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

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"context", contexts}, {"faults", faults}};

	CHECK(argc == 2 && pipe(ends) == 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
