/*
 * Counts the instructions that a program of one thread executes between its first two breakpoints.
 *
 *	step_counter PRELOAD PROGRAM ARGS...
 *
 * Prints how many there are, and how many of these move or clear vector and mask registers: the latter depends on the CPU.
 *
 * A program that is stepped sees the trap flag in what `pushfq` stores, and may take another way than it usually does. So
 * the flag is taken out again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRAP_FLAG 0x100L
#define PUSHFQ 0x9c

static pid_t child;

static void
give_up(const char *what)
{
	perror(what);
	exit(77);
}

static void
go(int request)
{
	int status;

	if (ptrace(request, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
		give_up("ptrace");
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
		fprintf(stderr, "the program does not stop where it should: %#x\n", status);
		exit(1);
	}
}

static struct user_regs_struct
registers(void)
{
	struct user_regs_struct now;

	if (ptrace(PTRACE_GETREGS, child, NULL, &now) != 0)
		give_up("PTRACE_GETREGS");
	return now;
}

static long
word(unsigned long address)
{
	errno = 0;
	long value = ptrace(PTRACE_PEEKDATA, child, address, NULL);
	if (errno != 0)
		give_up("PTRACE_PEEKDATA");
	return value;
}

/* movaps and all that is encoded with a VEX or EVEX prefix: vmovaps, kmovq, vzeroupper. */
static int
is_of_vectors(const unsigned char *code)
{
	if (code[0] == 0x62 || code[0] == 0xc4 || code[0] == 0xc5)
		return 1;
	code += (code[0] & 0xf0) == 0x40;
	return code[0] == 0x0f && (code[1] == 0x28 || code[1] == 0x29);
}

int
main(int argc, char **argv)
{
	long all = 0, of_vectors = 0;
	int status;

	if (argc < 3)
		return 2;
	child = fork();
	if (child == 0) {
		if (*argv[1] != '\0')
			setenv("LD_PRELOAD", argv[1], 1);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			give_up("ptrace");
		execv(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(child, &status, 0);			/* the exec */
	if (!WIFSTOPPED(status))
		return WEXITSTATUS(status);
	ptrace(PTRACE_SETOPTIONS, child, NULL, (long) PTRACE_O_EXITKILL);
	go(PTRACE_CONT);				/* the first breakpoint */
	for (;;) {
		struct user_regs_struct before = registers();
		long bytes = word(before.rip);
		unsigned char code[sizeof(bytes)];

		memcpy(code, &bytes, sizeof(bytes));
		if (code[0] == 0xcc)
			break;
		go(PTRACE_SINGLESTEP);
		if (code[0] == PUSHFQ) {
			unsigned long pushed = before.rsp - 8;
			ptrace(PTRACE_POKEDATA, child, pushed, word(pushed) & ~TRAP_FLAG);
		}
		all++;
		of_vectors += is_of_vectors(code);
	}
	printf("%ld %ld\n", all, of_vectors);
	return 0;
}
