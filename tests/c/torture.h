/* What torture.c and torture_sites.c share. */
#ifndef TORTURE_H
#define TORTURE_H

#include <stddef.h>
#include <stdint.h>

#define RED_ZONE 128
#define ABOVE 256

/* The numbers of the general registers. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R11 = 11 };

/* As `frstor` reads it: 28 bytes of environment, eight registers of ten bytes, the top of the stack first. */
struct x87 {
	uint32_t control, status, tags, instruction, segment, operand, operand_segment;
	uint8_t values[8][10];
} __attribute__((packed));

struct state {
	uint64_t general[16];		/* at 0 */
	uint64_t flags;			/* at 128 */
	uint32_t mxcsr;			/* at 136 */
	uint32_t unused;
	struct x87 x87;			/* at 144 */
	uint64_t mask[8] __attribute__((aligned(64)));		/* at 256 */
	uint8_t stack[RED_ZONE + ABOVE] __attribute__((aligned(64)));	/* at 320, by C alone */
	uint8_t vector[32][64] __attribute__((aligned(64)));	/* at 704 */
};

_Static_assert(offsetof(struct state, flags) == 128 && offsetof(struct state, mxcsr) == 136, "used in torture_sites.c");
_Static_assert(offsetof(struct state, x87) == 144 && sizeof(struct x87) == 108, "used in torture_sites.c");
_Static_assert(offsetof(struct state, mask) == 256 && offsetof(struct state, vector) == 704, "used in torture_sites.c");

extern struct state torture_in, torture_out;

/* With the vector registers of a CPU of this kind, runs the system call at a site. */
void torture_cross_sse(const char *site);
void torture_cross_avx(const char *site);
void torture_cross_avx512(const char *site);

/* The sites. */
#define KINDS 4
extern struct kind {
	const char *name, *site, *behind;
} kinds[KINDS];

#endif
