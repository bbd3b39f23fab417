/* Seals the code of libc (mseal, Linux 6.10) before other libraries start: nobody can change its protection any more. */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static int
seal(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void) size, (void) unused;
	if (strstr(info->dlpi_name, "/libc.so") == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		size_t start = (info->dlpi_addr + header->p_vaddr) & ~4095ul;
		size_t end = (info->dlpi_addr + header->p_vaddr + header->p_memsz + 4095) & ~4095ul;

		if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
			continue;
		if (syscall(SYS_mseal, start, end - start, 0) != 0)
			dprintf(STDERR_FILENO, "mseal: errno %d\n", errno);
		else if (mprotect((void *) start, 4096, PROT_READ | PROT_WRITE) != -1 || errno != EPERM)
			dprintf(STDERR_FILENO, "not sealed\n");
	}
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
	dl_iterate_phdr(seal, NULL);
}
