/*
 * A library whose constructor does something before anybody looks at libc. CHANGED: writes over a byte of its code, with the same byte.
 * TAKEN: maps something where the stubs of a patched copy would be. THREAD: starts a thread.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef CHANGED
static void
act(void)
{
	char byte = *(volatile char *) getppid;
	int memory = open("/proc/self/mem", O_RDWR);

	if (pwrite(memory, &byte, 1, (off_t) (uintptr_t) getppid) != 1)
		abort();
	close(memory);
}
#endif

#ifdef TAKEN
static int
find(struct dl_phdr_info *info, size_t size, void *base)
{
	uintptr_t address = (uintptr_t) getppid;

	(void) size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (address - info->dlpi_addr - info->dlpi_phdr[i].p_vaddr < info->dlpi_phdr[i].p_memsz)
			*(uintptr_t *) base = info->dlpi_addr;
	return 0;
}

static void
act(void)
{
	uintptr_t base = 0;
	void *place;

	dl_iterate_phdr(find, &base);
	place = (void *) (base - (1 << 28));
	if (mmap(place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != place)
		abort();
}
#endif

#ifdef THREAD
static void *
sleep_on(void *unused)
{
	while (pause() != 0)
		;
	return unused;
}

static void
act(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
		abort();
}
#endif

static __attribute__((constructor)) void
start(void)
{
	act();
}
