/* malloc large and small, which is brk and mmap, from several threads, which is arenas. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static void *
churn(void *seed)
{
	unsigned number = (unsigned) (uintptr_t) seed;
	unsigned char *blocks[100] = {NULL};
	size_t sizes[100] = {0};

	for (int round = 0; round < 20000; ++round) {
		unsigned at = (number = number * 1103515245 + 12345) / 65536 % 100;

		for (size_t i = 0; i < sizes[at]; i += 509)
			CHECK(blocks[at][i] == at);
		sizes[at] = (number = number * 1103515245 + 12345) / 65536 % 8 == 0 ? number / 65536 * 16 : number / 65536 % 512;
		CHECK((blocks[at] = realloc(blocks[at], sizes[at] + 1)) != NULL);
		memset(blocks[at], (int) at, sizes[at] + 1);
	}
	for (int i = 0; i < 100; ++i)
		free(blocks[i]);
	return seed;
}

int
main(void)
{
	pthread_t threads[4];
	char *memory;

	for (uintptr_t i = 0; i < 4; ++i)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *) i) == 0);
	for (int i = 0; i < 4; ++i)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK((memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED);
	memset(memory, 1, 1 << 20);
	CHECK((memory = mremap(memory, 1 << 20, 4 << 20, MREMAP_MAYMOVE)) != MAP_FAILED && memory[(1 << 20) - 1] == 1);
	CHECK(munmap(memory, 4 << 20) == 0);
	puts("done");
	return 0;
}
