/*
 * How a run proves that it was intercepted: probe.c makes a system call that no kernel has, with the address of a counter;
 * each hook that sees it counts.
 */
#ifndef PROBE_H
#define PROBE_H

#define PROBE 5000

#define VECTOR_REGISTERS \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
	"xmm14", "xmm15"

#endif
