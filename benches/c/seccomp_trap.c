/* Yardstick: a seccomp filter that answers every call from outside our own code with a SIGSYS. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "own_call.h"

static void
on_sigsys(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *) context)->uc_mcontext.gregs;

	(void) signal;
	registers[REG_RAX] = info->si_syscall;
	serve(registers);
}

static __attribute__((constructor)) void
start(void)
{
	uint64_t first = (uint64_t) __start_own_calls, last = (uint64_t) __stop_own_calls;
	size_t counter = offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) counter + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) (first >> 32), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) counter),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t) first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t) last, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (first >> 32 != last >> 32) {
		fprintf(stderr, "loaded across a multiple of 4 GiB\n");
		_Exit(77);
	}
	handle(SIGSYS, on_sigsys);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		give_up("seccomp");
}
