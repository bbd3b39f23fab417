/*
 * What the yardsticks have in common that look at calls in a signal handler: system calls of their own, which lie between
 * `__start_own_calls` and `__stop_own_calls` so that the kernel can tell them from those of the program.
 *
 * They do for a program that makes simple calls on one thread, and are no more than yardsticks.
 */
#ifndef OWN_CALL_H
#define OWN_CALL_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define EMULATED_RESULT 4242

int asked;

extern char __start_own_calls[], __stop_own_calls[];

__asm__ (
	".section own_calls, \"ax\", @progbits\n"
	"own_call:\n"				/* as syscall(), with the kernel's result */
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	mov 8(%rsp), %r9\n"
	"	syscall\n"
	"	ret\n"
	"own_return:\n"				/* from a handler */
	"	mov $15, %eax\n"		/* rt_sigreturn */
	"	syscall\n"
	"	ud2\n"				/* so that the call before it does not end where the section does */
	".text\n");

long own_call(long number, ...);
void own_return(void);

/* Makes or answers the call that is in these registers. */
static void
serve(greg_t *registers)
{
	long number = registers[REG_RAX];

	if (number == SYS_getppid) {
		asked = 1;
#ifdef EMULATE
		registers[REG_RAX] = EMULATED_RESULT;
		return;
#endif
	}
	registers[REG_RAX] = own_call(number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
		registers[REG_R10], registers[REG_R8], registers[REG_R9]);
}

static void
give_up(const char *what)
{
	perror(what);
	_Exit(77);
}

/* libc's sigaction would have the handler return through libc. */
static void
handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { handler, SA_SIGINFO | 0x04000000 /* SA_RESTORER */, own_return, 0 };

	if (own_call(SYS_rt_sigaction, (long) signal, &action, NULL, 8L) != 0)
		give_up("rt_sigaction");
}

#endif
