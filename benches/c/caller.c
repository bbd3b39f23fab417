/*
 * Makes system calls, and says how long they took.
 *
 *	caller KIND		answers each line "THREADS CALLS" with the nanoseconds until every thread had made its calls
 *	caller KIND CALLS	makes them once, between two breakpoints, for who counts instructions
 *
 * KIND says where the calls are made:
 *	getppid		libc's getppid(), where the number is a constant
 *	syscall		libc's syscall(), where it is not
 *	vectors		a site of this program, with a jump behind it that no analysis can follow: vector registers may be read there
 *	everything	the same, in a function that uses the x87: its registers may be in use
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 64
#define WARM_UP 100

__asm__ (
	".text\n"
	".p2align 4\n"
	".type with_vectors, @function\n"
	"with_vectors:\n"
	"	.cfi_startproc\n"
	"	mov $110, %eax\n"
	"	syscall\n"
	"	jmp *behind_the_call(%rip)\n"
	"	.cfi_endproc\n"
	".size with_vectors, . - with_vectors\n"
	".p2align 4\n"
	".type with_everything, @function\n"
	"with_everything:\n"
	"	.cfi_startproc\n"
	"	mov $110, %eax\n"
	"	syscall\n"
	"	jmp *behind_the_call(%rip)\n"
	"	fnop\n"				/* never executed; the analysis sees it */
	"	.cfi_endproc\n"
	".size with_everything, . - with_everything\n"
	"return_from_call:\n"
	"	.cfi_startproc\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".data\n"
	".p2align 3\n"
	"behind_the_call: .quad return_from_call\n"
	".text\n");

long with_vectors(void);
long with_everything(void);

static long
by_getppid(void)
{
	return getppid();
}

static long
by_syscall(void)
{
	return syscall(SYS_getppid);
}

static long (*call)(void);
static long calls;
static pthread_barrier_t all_are_there;
static struct timespec starts[MOST_THREADS], ends[MOST_THREADS];

static void
make_calls(long count)
{
	for (long i = 0; i < count; i++)
		call();
}

static void
timed(int thread)
{
	clock_gettime(CLOCK_MONOTONIC, &starts[thread]);
	make_calls(calls);
	clock_gettime(CLOCK_MONOTONIC, &ends[thread]);
}

static void *
in_thread(void *number)
{
	pthread_barrier_wait(&all_are_there);
	timed((int) (long) number);
	return NULL;
}

static long
nanoseconds(struct timespec time)
{
	return time.tv_sec * 1000000000 + time.tv_nsec;
}

/* From the start of the first to the end of the last. One thread is the main one: there is no other to wait for. */
static long
round_of(int threads)
{
	pthread_t ids[MOST_THREADS];

	if (threads == 1) {
		timed(0);
	} else {
		pthread_barrier_init(&all_are_there, NULL, (unsigned) threads);
		for (long i = 0; i < threads; i++)
			if (pthread_create(&ids[i], NULL, in_thread, (void *) i) != 0)
				exit(1);
		for (int i = 0; i < threads; i++)
			pthread_join(ids[i], NULL);
		pthread_barrier_destroy(&all_are_there);
	}
	long first = nanoseconds(starts[0]), last = nanoseconds(ends[0]);
	for (int i = 1; i < threads; i++) {
		first = nanoseconds(starts[i]) < first ? nanoseconds(starts[i]) : first;
		last = nanoseconds(ends[i]) > last ? nanoseconds(ends[i]) : last;
	}
	return last - first;
}

int
main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int threads;

	call = strcmp(kind, "getppid") == 0 ? by_getppid
		: strcmp(kind, "syscall") == 0 ? by_syscall
		: strcmp(kind, "vectors") == 0 ? with_vectors
		: strcmp(kind, "everything") == 0 ? with_everything : NULL;
	if (call == NULL)
		return 2;
	make_calls(WARM_UP);
	if (argc > 2) {
		long count = atol(argv[2]);

		__asm__ volatile ("int3" ::: "memory");
		make_calls(count);
		__asm__ volatile ("int3" ::: "memory");
		return 0;
	}
	/* Whether whoever looks at the calls has seen one, so that nothing is measured that does not happen. */
	const int *asked = dlsym(RTLD_DEFAULT, "asked");
	printf("result %ld asked %d\n", call(), asked != NULL ? *asked : 0);
	fflush(stdout);
	while (scanf("%d %ld", &threads, &calls) == 2 && threads >= 1 && threads <= MOST_THREADS) {
		printf("%ld\n", round_of(threads));
		fflush(stdout);
	}
	return 0;
}
