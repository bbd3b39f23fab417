/*
 * What the shared library needs of a libc and not every libc has: glibc before 2.35, and musl.
 *
 * Linked into libsyscall_intercept.so alone, and hidden in it (build.rs): definitions here win over those of the libc it is
 * linked with, so that none of these names is left for the dynamic loader to find. One file, built on any machine, then
 * loads with glibc from 2.31 on and with musl.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

/*
 * glibc has these from 2.33 on; before, they were inline functions around other ones. The kernel's `struct stat` is that of
 * both libcs on x86_64. `std::fs` takes them where the kernel has no `statx`.
 */
int
stat64(const char *path, void *status)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

int
fstat64(int fd, void *status)
{
	return (int)syscall(SYS_fstat, fd, status);
}

/*
 * glibc has these in libpthread before 2.34, and a program without threads must not get a libpthread from us. So they are
 * weak, and the version is the one they had in libpthread, under which libc still offers them. Rust's std takes them for the
 * destructors of thread-locals where there is no `__cxa_thread_atexit_impl`: with musl, which has no versions and always
 * has the keys.
 */
#define ELSEWHERE(name) \
	extern __typeof__(name) elsewhere_##name __attribute__((weak)); \
	__asm__(".symver elsewhere_" #name ", " #name "@GLIBC_2.2.5")

ELSEWHERE(pthread_key_create);
ELSEWHERE(pthread_key_delete);
ELSEWHERE(pthread_once);
ELSEWHERE(pthread_setspecific);

int
pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return elsewhere_pthread_key_create ? elsewhere_pthread_key_create(key, destructor) : ENOSYS;
}

int
pthread_key_delete(pthread_key_t key)
{
	return elsewhere_pthread_key_delete ? elsewhere_pthread_key_delete(key) : ENOSYS;
}

int
pthread_setspecific(pthread_key_t key, const void *value)
{
	return elsewhere_pthread_setspecific ? elsewhere_pthread_setspecific(key, value) : ENOSYS;
}

/*
 * Likewise in libdl before 2.34. The library asks the loader to keep it for ever (src/start.rs), which its own link says, too;
 * so nothing is lost where there is no libdl.
 */
ELSEWHERE(dladdr);
ELSEWHERE(dlclose);
ELSEWHERE(dlerror);
ELSEWHERE(dlopen);
ELSEWHERE(dlsym);

int
dladdr(const void *address, Dl_info *info)
{
	return elsewhere_dladdr ? elsewhere_dladdr(address, info) : 0;
}

void *
dlopen(const char *path, int flags)
{
	return elsewhere_dlopen ? elsewhere_dlopen(path, flags) : NULL;
}

int
dlclose(void *handle)
{
	return elsewhere_dlclose ? elsewhere_dlclose(handle) : 0;
}

char *
dlerror(void)
{
	return elsewhere_dlerror ? elsewhere_dlerror() : NULL;
}

void *
dlsym(void *handle, const char *name)
{
	return elsewhere_dlsym ? elsewhere_dlsym(handle, name) : NULL;
}

/* The name under which libgcc asks whether there are threads. */
int
__pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return pthread_key_create(key, destructor);
}

int
pthread_once(pthread_once_t *once, void (*initialise)(void))
{
	if (elsewhere_pthread_once)
		return elsewhere_pthread_once(once, initialise);
	if (*once == PTHREAD_ONCE_INIT)         /* no libpthread, no other thread */
		initialise();
	*once = 1;
	return 0;
}

/*
 * The object an address lies in and its unwind table, for the unwinder of libgcc, whose static copy comes with the library:
 * no libgcc_s is sure to load with a libc other than the one it was built for. glibc has this function from 2.35 on. It is
 * only called when a panic is caught or reported, and as below.
 */
static int
contains(struct dl_phdr_info *object, size_t size, void *found)
{
	struct dl_find_object *result = found;
	const ElfW(Phdr) *unwind_table = NULL;
	int inside = 0;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; ++i) {
		const ElfW(Phdr) *header = object->dlpi_phdr + i;
		char *start = (char *)(object->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_GNU_EH_FRAME)
			unwind_table = header;
		if (header->p_type == PT_LOAD && (char *)result->dlfo_map_start >= start &&
		    (char *)result->dlfo_map_start < start + header->p_memsz)
			inside = 1;
	}
	if (!inside || unwind_table == NULL)
		return 0;
	result->dlfo_eh_frame = (void *)(object->dlpi_addr + unwind_table->p_vaddr);
	return 1;
}

int
_dl_find_object(void *address, struct dl_find_object *result)
{
	/* Of the fields, libgcc for x86_64 reads `dlfo_eh_frame` alone. */
	*result = (struct dl_find_object){.dlfo_map_start = address};
	return dl_iterate_phdr(contains, result) ? 0 : -1;
}

/*
 * A thread that is cancelled in a hook is unwound by the program's libgcc_s, which asks the personality of Rust about the frames
 * of this library, which asks the copy in here. libgcc keeps the layout of a context for that, but sets up a table when it
 * first unwinds itself, and aborts in _Unwind_SetGR without. So before that is called for the first time (build.rs has the linker call
 * this function instead) it unwinds once: one frame, a few microseconds.
 *
 * It aborts, too, where it cannot find itself: in a static program that has opened this library, and with it a libc whose loader
 * lists no object at all. Nothing is intercepted there, so nobody will unwind either.
 */
static _Unwind_Reason_Code
stop(struct _Unwind_Context *context, void *unused)
{
	(void)context, (void)unused;
	return _URC_END_OF_STACK;
}

void __real__Unwind_SetGR(struct _Unwind_Context *context, int index, _Unwind_Word value);
void __wrap__Unwind_SetGR(struct _Unwind_Context *context, int index, _Unwind_Word value);

void
__wrap__Unwind_SetGR(struct _Unwind_Context *context, int index, _Unwind_Word value)
{
	static volatile int set_up;             /* twice, by two threads, does no harm */
	struct dl_find_object own;

	if (!set_up && _dl_find_object(__wrap__Unwind_SetGR, &own) == 0) {
		_Unwind_Backtrace(stop, NULL);
		set_up = 1;
	}
	__real__Unwind_SetGR(context, index, value);
}

/*
 * The address of a thread-local of this library. glibc has the function in its dynamic loader, which musl cannot load.
 * Here all thread-locals are at a fixed distance from the thread pointer, because one of them, the guard in
 * asm/crossing.S, demands it. So `index->offset`, which counts from the start of the library's thread-locals, is all there
 * is to look at; and nothing is allocated. (ELF Handling For Thread-Local Storage, Drepper, 3.4.6 and 4.4.6)
 */
__asm__(
	"	.section .tbss.syscall_intercept_here, \"awT\", @nobits\n"
	"here:	.zero	1\n"
	"	.text\n"
	"	.globl	__tls_get_addr\n"
	"	.hidden	__tls_get_addr\n"
	"	.type	__tls_get_addr, @function\n"
	"__tls_get_addr:\n"
	"	.cfi_startproc\n"
	"	movq	%fs:0, %rax\n"                 /* the thread pointer */
	"	addq	here@gottpoff(%rip), %rax\n"   /* `here`, in this thread */
	"	subq	$here@dtpoff, %rax\n"          /* the start of the library's thread-locals */
	"	addq	8(%rdi), %rax\n"               /* index->offset */
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size	__tls_get_addr, . - __tls_get_addr\n");
