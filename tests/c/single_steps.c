/*
 * Traces itself: a child makes a system call again and again, and its parent steps through the way from before the call until after
 * it, instruction by instruction. Registers, red zone and results must be right afterwards. `single_steps WHAT CALL`, with `CALL`
 * getppid, fork or vfork, and `WHAT`
 *
 *     step      only that
 *     signal    then sends a signal at the first instruction of the way, in the next run of the call at the second, and so on;
 *               the handler makes a call of its own
 *     jump      as signal, with a handler that leaves by siglongjmp
 *
 * Prints to stdout that all was right, and to stderr how many instructions there were, how many signals, and how many traps of
 * single steps came that nobody had asked for.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Trap flag and resume flag: the tracer's. */
#define TRACERS 0x10100ull
/* What the code below adds to rbx. */
#define ADDED 0x01020304

struct request {
	uint64_t number, arguments[6];
};

extern const char breakpoint_before[], behind_call[], breakpoint_after[], breakpoint_jumped[];
long call_between_breakpoints(const struct request *request);
void jumped_out(void);

/*
 * Sets the registers, stops, makes the call, stops. A child with a copy of this stack or with one of its own ends behind the call.
 * Breakpoints are one byte each, and are put there after the library has seen the code.
 */
__asm__ (
"	.text\n"
"	.type	call_between_breakpoints, @function\n"
"call_between_breakpoints:\n"
"	.cfi_startproc\n"
"	push	%rbx\n"
"	push	%rbp\n"
"	push	%r12\n"
"	push	%r13\n"
"	push	%r14\n"
"	push	%r15\n"
"	mov	%rdi, %rax\n"
"	mov	8(%rax), %rdi\n"
"	mov	16(%rax), %rsi\n"
"	mov	24(%rax), %rdx\n"
"	mov	32(%rax), %r10\n"
"	mov	40(%rax), %r8\n"
"	mov	48(%rax), %r9\n"
"	mov	(%rax), %rax\n"
"	movabs	$0x3333333333333333, %rbx\n"
"	movabs	$0x5555555555555555, %rbp\n"
"	movabs	$0x1212121212121212, %r12\n"
"	movabs	$0x1313131313131313, %r13\n"
"	movabs	$0x1414141414141414, %r14\n"
"	movabs	$0x1515151515151515, %r15\n"
"	fld1\n"
"	fldpi\n"
"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	movq	%rbp, %xmm\\n\n"
"	pslldq	$\\n, %xmm\\n\n"
"	.endr\n"
"	movq	%rax, -128(%rsp)\n"		/* the red zone */
"	movq	%rbx, -8(%rsp)\n"
"	cmp	%rbp, %rbx\n"			/* carry and sign */
"breakpoint_before:\n"
"	nop\n"
"	lea	0x01020304(%rbx), %rbx\n"	/* room for a jump */
"	syscall\n"
"behind_call:\n"
"	xchg	%rax, %rcx\n"			/* is it the child? Without touching the flags */
"	jrcxz	1f\n"
"	xchg	%rax, %rcx\n"
"breakpoint_after:\n"
"	nop\n"
"	fstp	%st\n"
"	fstp	%st\n"
"	pop	%r15\n"
"	pop	%r14\n"
"	pop	%r13\n"
"	pop	%r12\n"
"	pop	%rbp\n"
"	pop	%rbx\n"
"	ret\n"
"1:	mov	%rsp, stack_of_child(%rip)\n"
"	xor	%edi, %edi\n"
"	mov	$60, %eax\n"			/* exit */
"	syscall\n"
"	hlt\n"
"	.cfi_endproc\n"
"	.size	call_between_breakpoints, . - call_between_breakpoints\n"

"	.type	jumped_out, @function\n"
"jumped_out:\n"
"breakpoint_jumped:\n"
"	nop\n"
"	ret\n"
"	.size	jumped_out, . - jumped_out\n"
);

/* Of one that shares its memory. */
uint64_t stack_of_child;

/* Shared by tracer and traced: this run of the call is the last one. */
static volatile int *last;
static int jumps;

/* The child. */

static volatile long asked;
static int hooked, observed;
static sigjmp_buf back;

static void
handle(int signal)
{
	long user;

	(void) signal;
	user = getuid();
	asked++;
	CHECK(!hooked || user == asked);
	if (jumps)
		siglongjmp(back, 1);
}

/* The registers and the stack are the tracer's to check; this is what the library knows. */
static void
check_calls(const struct request *request, long result, pid_t parent)
{
	int counted = hooked && request->number == SYS_getppid;
	long seen = geteuid(), shown = getegid();

	if (request->number == SYS_getppid)
		CHECK(result == parent || (hooked && getenv("ANSWER") != NULL && result == 4242));
	else
		CHECK(result > 0);
	CHECK(request->arguments[1] == 0 || request->number != SYS_clone || stack_of_child == request->arguments[1]);
	/* No call before or after the one that counts is a getppid. */
	CHECK(getppid() > 0);
	CHECK(!counted || geteuid() == seen + 1);
	CHECK(!counted || !observed || getegid() == shown + 1);
}

static void
child(const struct request *request, pid_t parent)
{
	struct sigaction action = {.sa_handler = handle};
	volatile long runs = 0;

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	hooked = getuid() != getuid();
	observed = getenv("OBSERVE") != NULL && getenv("ANSWER") == NULL;
	asked = hooked ? 2 : 0;
	CHECK(ptrace(PTRACE_TRACEME) == 0 && raise(SIGSTOP) == 0);
	do {
		volatile long before = geteuid(), result, users;

		errno = 77;
		if (!jumps || sigsetjmp(back, 1) == 0) {
			result = call_between_breakpoints(request);
			CHECK(errno == 77);
			if (hooked && request->number == SYS_getppid)
				CHECK(geteuid() == before + 1);
			check_calls(request, result, parent);
		} else {
			jumped_out();
			/* The call may have been seen or not. The next one is, and so is what follows. */
			CHECK(geteuid() <= before + 1 || !hooked);
			check_calls(&(struct request) {SYS_getppid, {0}}, getppid(), parent);
		}
		users = getuid();
		asked++;
		CHECK(!hooked || users == asked);
		while (waitpid(-1, NULL, 0) > 0)
			;
		CHECK(errno == ECHILD);
		runs++;
	} while (!*last);
	exit(0);
}

/* The tracer. */

static pid_t traced;
static long unasked;

static void
ask(enum __ptrace_request what, void *data)
{
	CHECK(ptrace(what, traced, NULL, data) == 0);
}

static void
put_breakpoint(const char *place)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, traced, place, NULL);
	CHECK(errno == 0 && (word & 0xff) == 0x90);
	CHECK(ptrace(PTRACE_POKETEXT, traced, place, (word & ~0xffl) | 0xcc) == 0);
}

/* As asm/siginfo.h has it; the one in libc's headers is not in all of them. */
#define HARDWARE_BREAKPOINT 4

/* Lets the child go on until it stops for us and not for a signal of its own; answers where, or NULL after a single step. */
static const char *
go_on(enum __ptrace_request how, long signal)
{
	struct user_regs_struct registers;
	siginfo_t why;
	int status;

	for (;;) {
		CHECK(ptrace(how, traced, NULL, signal) == 0);
		CHECK(waitpid(traced, &status, 0) == traced);
		if (!WIFSTOPPED(status)) {
			fprintf(stderr, "the child ended: status %x\n", status);
			exit(1);
		}
		signal = WSTOPSIG(status);
		if (signal != SIGTRAP)
			continue;
		ask(PTRACE_GETSIGINFO, &why);
		ask(PTRACE_GETREGS, &registers);
		if (why.si_code == SI_KERNEL)
			return (const char *) registers.rip - 1;
		if (why.si_code == HARDWARE_BREAKPOINT)
			return (const char *) registers.rip;
		if (how == PTRACE_SINGLESTEP)
			return NULL;
		unasked++;
		registers.eflags &= ~TRACERS;
		ask(PTRACE_SETREGS, &registers);
		signal = 0;
	}
}

/* Has the child stop before it executes an instruction, which children of its own will not do; or nowhere. */
static void
watch(const char *place)
{
	CHECK(ptrace(PTRACE_POKEUSER, traced, offsetof(struct user, u_debugreg[0]), place) == 0);
	CHECK(ptrace(PTRACE_POKEUSER, traced, offsetof(struct user, u_debugreg[7]), place != NULL ? 1L : 0L) == 0);
}

struct state {
	struct user_regs_struct general;
	struct user_fpregs_struct rest;
	uint64_t red_zone[2];
};

static struct state
look(void)
{
	struct state state;

	ask(PTRACE_GETREGS, &state.general);
	ask(PTRACE_GETFPREGS, &state.rest);
	for (int i = 0; i < 2; i++)
		state.red_zone[i] = ptrace(PTRACE_PEEKDATA, traced, state.general.rsp - (i == 0 ? 128 : 8), NULL);
	return state;
}

/* Nothing has changed but what the call, and the instruction before it, change. */
static void
compare(const struct state *before, const struct state *after)
{
	struct user_regs_struct expected = before->general;
	const struct user_regs_struct *found = &after->general;

	expected.rbx += ADDED;
	expected.rax = found->rax;
	expected.orig_rax = found->orig_rax;
	expected.rip = found->rip;
	expected.rcx = (uint64_t) behind_call;
	expected.r11 = (before->general.eflags & ~TRACERS) | (found->r11 & TRACERS);
	expected.eflags = (before->general.eflags & ~TRACERS) | (found->eflags & TRACERS);
	for (size_t i = 0; i < sizeof(expected) / 8; i++) {
		unsigned long long is = ((const unsigned long long *) found)[i], was = ((const unsigned long long *) &expected)[i];

		if (is != was) {
			fprintf(stderr, "register %zu of struct user_regs_struct: %llx, not %llx\n", i, is, was);
			exit(1);
		}
	}
	CHECK(after->rest.cwd == before->rest.cwd && after->rest.swd == before->rest.swd);
	CHECK(after->rest.ftw == before->rest.ftw && after->rest.mxcsr == before->rest.mxcsr);
	CHECK(memcmp(after->rest.st_space, before->rest.st_space, sizeof(before->rest.st_space)) == 0);
	CHECK(memcmp(after->rest.xmm_space, before->rest.xmm_space, sizeof(before->rest.xmm_space)) == 0);
	CHECK(memcmp(after->red_zone, before->red_zone, sizeof(before->red_zone)) == 0);
}

/* An instruction on the way, and how often it has come before. */
static struct visit {
	const char *place;
	int before;
} way[20000];

/*
 * Takes note of the way through a call. Code that looks at its flags sees that it is stepped through, and may take another way;
 * unless that is hidden from it.
 */
static long
step(int hidden)
{
	struct user_regs_struct registers;
	const char *stop = NULL;
	long steps = 0;

	while (stop == NULL) {
		int pushes_flags;

		CHECK(steps < (long) (sizeof(way) / sizeof(way[0])));
		ask(PTRACE_GETREGS, &registers);
		way[steps].place = (const char *) registers.rip;
		way[steps].before = 0;
		for (long i = 0; i < steps; i++)
			way[steps].before += way[i].place == way[steps].place;
		steps++;
		pushes_flags = (ptrace(PTRACE_PEEKTEXT, traced, registers.rip, NULL) & 0xff) == 0x9c;
		stop = go_on(PTRACE_SINGLESTEP, 0);
		if (pushes_flags && hidden) {
			long pushed = ptrace(PTRACE_PEEKDATA, traced, registers.rsp - 8, NULL);

			CHECK(ptrace(PTRACE_POKEDATA, traced, registers.rsp - 8, pushed & ~TRACERS) == 0);
		}
	}
	return steps;
}

/* From the beginning of a call to one of its instructions. */
static void
go_to(const struct visit *visit)
{
	struct user_regs_struct registers;

	ask(PTRACE_GETREGS, &registers);
	/* A breakpoint at the instruction that is next does not stop anybody. */
	if (visit->place != (const char *) registers.rip) {
		watch(visit->place);
		for (int i = 0; i <= visit->before; i++)
			CHECK(go_on(PTRACE_CONT, 0) == visit->place);
		watch(NULL);
	}
}

static void
trace(int signals, const char *name)
{
	struct state before, after;
	long steps, sent;

	put_breakpoint(breakpoint_before);
	put_breakpoint(breakpoint_after);
	put_breakpoint(breakpoint_jumped);
	/* Once without looking: the dynamic loader binds functions when they are first called. */
	CHECK(go_on(PTRACE_CONT, 0) == breakpoint_before && go_on(PTRACE_CONT, 0) == breakpoint_after);
	CHECK(go_on(PTRACE_CONT, 0) == breakpoint_before);
	before = look();
	steps = step(signals);
	after = look();
	CHECK((const char *) after.general.rip - 1 == breakpoint_after);
	compare(&before, &after);
	/* The last of them is the breakpoint. */
	for (sent = 0; signals && sent < steps - 1; sent++) {
		CHECK(go_on(PTRACE_CONT, 0) == breakpoint_before);
		before = look();
		go_to(&way[sent]);
		CHECK(go_on(PTRACE_CONT, SIGUSR1) == (jumps ? breakpoint_jumped : breakpoint_after));
		after = look();
		if (!jumps)
			compare(&before, &after);
	}
	/* And once more without looking. */
	CHECK(go_on(PTRACE_CONT, 0) == breakpoint_before);
	*last = 1;
	CHECK(go_on(PTRACE_CONT, 0) == breakpoint_after);
	printf("%s: all was right\n", name);
	fprintf(stderr, "%ld steps, %ld signals, %ld traps unasked\n", steps, sent, unasked);
}

int
main(int argc, char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));
	static const struct {
		const char *name;
		struct request request;
	} all[] = {
		{"getppid", {SYS_getppid, {1, 2, 3, 4, 5, 6}}},
		{"fork", {SYS_clone, {SIGCHLD}}},
		/* CLONE_VM and CLONE_VFORK */
		{"vfork", {SYS_clone, {0x100 | 0x4000 | SIGCHLD, (uint64_t) (stack + sizeof(stack) - 16)}}},
	};
	int status, signals;
	pid_t own = getpid();

	CHECK(argc == 3);
	signals = strcmp(argv[1], "step") != 0;
	jumps = strcmp(argv[1], "jump") == 0;
	last = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(last != MAP_FAILED);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(argv[2], all[i].name) != 0)
			continue;
		CHECK((traced = fork()) >= 0);
		if (traced == 0)
			child(&all[i].request, own);
		CHECK(waitpid(traced, &status, 0) == traced && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		CHECK(ptrace(PTRACE_SETOPTIONS, traced, NULL, PTRACE_O_EXITKILL) == 0);
		trace(signals, argv[2]);
		CHECK(ptrace(PTRACE_DETACH, traced, NULL, NULL) == 0);
		CHECK(waitpid(traced, &status, 0) == traced && WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return 0;
	}
	CHECK(!"known");
}
