/*
 * Yardstick: the least that a library does at start which maps patched code over libc's, with stubs below it. It maps the code that is
 * there already, so nothing is intercepted; and asks nothing before it does: whether there is another thread, whether somebody has changed
 * that code, whether there are handlers of signals.
 */
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER = 8 * 1024, STUBS = 76 * 1024, DISTANCE = 1 << 28 };

static int
map(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (strstr(object->dlpi_name, "/libc.so.6") == NULL)
		return 0;
	for (int i = 0; i < object->dlpi_phnum; ++i) {
		const ElfW(Phdr) *code = object->dlpi_phdr + i;
		char *header = (char *)object->dlpi_addr - DISTANCE;
		char *stubs = header + HEADER, *text = (char *)object->dlpi_addr + code->p_vaddr;
		int fd;

		if (code->p_type != PT_LOAD || !(code->p_flags & PF_X))
			continue;
		fd = open(object->dlpi_name, O_RDONLY | O_CLOEXEC);
		if (mmap(header, HEADER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != header)
			abort();
		*header = 1;
		mprotect(header, HEADER, PROT_READ);
		if (mmap(stubs, STUBS, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) != stubs)
			abort();
		if (mmap(text, code->p_memsz, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, (off_t)code->p_offset) != text)
			abort();
		close(fd);
	}
	return 1;
}

__attribute__((constructor)) static void
start(void)
{
	dl_iterate_phdr(map, NULL);
}
