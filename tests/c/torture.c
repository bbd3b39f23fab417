/*
 * Enters system calls of every kind with random values in every register and around the stack pointer, and compares all of it
 * with what comes out: only rax may have changed, and rcx and r11, which are as the kernel leaves them.
 *
 *     torture ROUNDS PARENT     `PARENT` being what getppid is to return
 *     torture ROUNDS PARENT status   with the x87 status word also where no x87 register is in use
 *     torture step PARENT       steps through the library instruction by instruction, with a system call at each
 *     torture stack             prints how many bytes below the red zone one call of each kind has written to
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "torture.h"

/* The kernel's: a bit that is always set, and the interrupt flag. */
#define ALWAYS 0x202
/* Carry, parity, auxiliary carry, zero, sign, overflow; direction; alignment check. */
#define ARITHMETIC 0x8d5
#define DIRECTION 0x400
#define ALIGNMENT 0x40000
/* A signal after each instruction. */
#define TRAP 0x100

#define STACK 0x10000

static void (*cross)(const char *site);
static size_t width, count, masks;
static int status_of_empty;
static uint64_t seed = 0x9e3779b97f4a7c15;

/* xorshift64* */
static uint64_t
next(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1d;
}

static void
randomize(void *at, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		uint64_t word = next();

		memcpy((char *) at + i, &word, 8);
	}
}

/* As many values as there are, exceptions that have happened, and which of those that have not are to trap. */
static void
fill_x87(struct x87 *x87, int values)
{
	uint32_t top = (8 - values) % 8, exceptions = next() & 0x3f, masked = (next() | exceptions) & 0x3f;

	memset(x87, 0, sizeof(*x87));
	if (next() % 4 == 0)
		masked = 0x3f;
	x87->control = 0xffff0040 | (next() & 0xf00 & ~0x100) | masked;
	x87->status = 0xffff0000 | top << 11 | (next() & 0x4700) | exceptions;
	for (int i = 0; i < 8; i++) {
		/* Normal numbers, which the CPU gives this tag. */
		uint64_t mantissa = next() | 1ull << 63;
		uint16_t exponent = (next() & 0x8000) | (1 + next() % 0x7ffe);

		memcpy(x87->values[i], &mantissa, 8);
		memcpy(x87->values[i] + 8, &exponent, 2);
	}
	x87->tags = 0xffff0000;
	for (int i = 0; i < 8; i++)
		if (((i - (int) top) & 7) >= values)
			x87->tags |= 3u << 2 * i;
}

static void
fill(char *stack)
{
	struct state *in = &torture_in;
	/* Where the stack pointer is a multiple of 8, alignment checks can be on. */
	uint64_t stack_pointer = (uint64_t) stack + STACK / 2 + next() % 64 * 8;

	randomize(in->general, sizeof(in->general));
	randomize(in->mask, sizeof(in->mask));
	randomize(in->stack, sizeof(in->stack));
	randomize(in->vector, sizeof(in->vector));
	in->general[RCX] |= 1;
	in->general[RSP] = stack_pointer;
	in->flags = ALWAYS | (next() & (ARITHMETIC | DIRECTION | ALIGNMENT));
	/* Exceptions, masks, rounding, denormals are zeros, flush to zero. */
	in->mxcsr = next() & 0xffff;
	fill_x87(&in->x87, next() % 8);
	memcpy((char *) stack_pointer - RED_ZONE, in->stack, sizeof(in->stack));
}

/* The registers in use, and the environment less the addresses of the last instruction. */
static void
check_x87(void)
{
	struct x87 *in = &torture_in.x87, *out = &torture_out.x87;
	int values = (8 - (in->status >> 11 & 7)) % 8;

	CHECK((uint16_t) out->control == (uint16_t) in->control);
	CHECK((uint16_t) out->tags == (uint16_t) in->tags);
	CHECK((out->status & 0x3800) == (in->status & 0x3800));
	CHECK(memcmp(out->values, in->values, values * sizeof(in->values[0])) == 0);
	/* Condition codes, and exceptions that have happened. */
	if (values > 0 || status_of_empty)
		CHECK((uint16_t) out->status == (uint16_t) in->status);
}

static void
check(const struct kind *kind, uint64_t parent)
{
	struct state *in = &torture_in, *out = &torture_out;

	for (int i = 0; i < 16; i++)
		CHECK(i == RAX || i == RCX || i == R11 || out->general[i] == in->general[i]);
	CHECK(out->general[RAX] == parent);
	CHECK(out->general[RCX] == (uint64_t) kind->behind);
	CHECK(out->general[R11] == in->flags);
	CHECK(out->flags == in->flags);
	CHECK(out->mxcsr == in->mxcsr);
	check_x87();
	for (size_t i = 0; i < count; i++)
		CHECK(memcmp(out->vector[i], in->vector[i], width) == 0);
	CHECK(!masks || memcmp(out->mask, in->mask, sizeof(in->mask)) == 0);
	CHECK(memcmp((char *) in->general[RSP] - RED_ZONE, in->stack, sizeof(in->stack)) == 0);
}

static void
measure_stack(char *stack)
{
	for (int i = 0; i < KINDS; i++) {
		char *lowest = stack;

		memset(stack, 0x5a, STACK);
		fill(stack);
		torture_in.flags = ALWAYS;
		memset(&torture_in.x87, 0, sizeof(torture_in.x87));
		fill_x87(&torture_in.x87, 3);
		cross(kinds[i].site);
		while (*lowest == 0x5a)
			lowest++;
		printf("%s: %ld\n", kinds[i].name, (long) torture_in.general[RSP] - RED_ZONE - (long) lowest);
	}
}

static volatile long steps, seen;

static void
step(int signal)
{
	(void) signal;
	steps++;
	seen += getuid() == 4711;
}

/* With SIGTRAP at each instruction from before the site until after it. */
static void
step_through(char *stack, uint64_t parent)
{
	struct sigaction action = {.sa_handler = step};

	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	for (int i = 0; i < 2 * KINDS; i++) {
		steps = seen = 0;
		fill(stack);
		/*
		 * Handlers are entered with the alignment check of what they interrupt, which libc does not survive; and to
		 * clear the direction flag for a hook, the crossing clears them all.
		 */
		torture_in.flags = (torture_in.flags & ARITHMETIC) | ALWAYS | TRAP;
		cross(kinds[i % KINDS].site);
		check(&kinds[i % KINDS], parent);
		printf("%s: %ld %ld\n", kinds[i % KINDS].name, steps, seen);
	}
}

int
main(int argc, char **argv)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED && argc >= 2);
	if (__builtin_cpu_supports("avx512bw"))
		cross = torture_cross_avx512, width = 64, count = 32, masks = 1;
	else if (__builtin_cpu_supports("avx"))
		cross = torture_cross_avx, width = 32, count = 16;
	else
		cross = torture_cross_sse, width = 16, count = 16;
	if (strcmp(argv[1], "stack") == 0) {
		measure_stack(stack);
		return 0;
	}
	CHECK(argc > 2);
	if (strcmp(argv[1], "step") == 0) {
		step_through(stack, atol(argv[2]));
		return 0;
	}
	status_of_empty = argc > 3;
	for (long rounds = atol(argv[1]), round = 0; round < rounds; round++) {
		const struct kind *kind = &kinds[next() % KINDS];

		fill(stack);
		cross(kind->site);
		check(kind, atol(argv[2]));
	}
	printf("%s rounds\n", argv[1]);
	return 0;
}
