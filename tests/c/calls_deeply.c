// Makes calls from functions whose names and nesting are known: `calls_deeply HOW`. What it writes says where it was written.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define KEPT __attribute__((noinline, noclone, noipa))

// The compiler is not to make a jump of the last call in a function.
static volatile int after;

KEPT static void innermost(const char *text) {
	CHECK(write(1, text, strlen(text)) == (ssize_t)strlen(text));
	after++;
}

// With a frame whose size the compiler does not know, and one that has to be aligned.
KEPT static void middle(const char *text, size_t size) {
	volatile char room[size];
	room[size - 1] = 0;
	innermost(text);
	after += room[size - 1];
}

KEPT static void outermost(const char *text) {
	_Alignas(64) volatile char aligned[64] = {0};
	middle(text, 100 + strlen(text));
	after += aligned[0];
}

KEPT static void *in_thread(void *text) {
	outermost(text);
	after++;
	return NULL;
}

KEPT static void recursive(int depth) {
	volatile char room[256];
	room[0] = 0;
	if (depth == 0)
		innermost("deep\n");
	else
		recursive(depth - 1);
	after += room[0];
}

KEPT static void handler(int signal) {
	(void)signal;
	outermost("handler\n");
	after++;
}

KEPT static void interrupted(void) {
	CHECK(raise(SIGUSR1) == 0);
	after++;
}

// Not in a call when the signal arrives.
KEPT static void computes(void) {
	while (!after)
		;
	after++;
}

KEPT static void faults(void) {
	*(volatile int *)NULL = 1;
	after++;
}

static void leave(int signal) {
	(void)signal;
	outermost("fault\n");
	_exit(0);
}

int main(int argc, char **argv) {
	CHECK(argc > 1);
	const char *how = argv[1];
	if (!strcmp(how, "plain")) {
		outermost("plain\n");
	} else if (!strcmp(how, "thread")) {
		pthread_t thread;
		CHECK(pthread_create(&thread, NULL, in_thread, "thread\n") == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	} else if (!strcmp(how, "child")) {
		pid_t child = fork();
		if (child == 0) {
			outermost("child\n");
			_exit(0);
		}
		CHECK(waitpid(child, NULL, 0) == child);
	} else if (!strcmp(how, "library")) {
		CHECK(argc > 2);
		void *library = dlopen(argv[2], RTLD_NOW);
		CHECK(library);
		void (*run)(void (*)(const char *), const char *) =
			(void (*)(void (*)(const char *), const char *))dlsym(library, "loaded_later");
		CHECK(run);
		run(outermost, "library\n");
	} else if (!strcmp(how, "handler")) {
		CHECK(signal(SIGUSR1, handler) != SIG_ERR);
		interrupted();
	} else if (!strcmp(how, "fault")) {
		CHECK(signal(SIGSEGV, leave) != SIG_ERR);
		faults();
	} else if (!strcmp(how, "computes")) {
		CHECK(signal(SIGALRM, handler) != SIG_ERR);
		ualarm(50000, 0);
		computes();
	} else if (!strcmp(how, "deep")) {
		recursive(argc > 2 ? atoi(argv[2]) : 100);
	} else if (!strcmp(how, "blocks")) {
		// For ever: nobody writes.
		int ends[2];
		char byte;
		CHECK(pipe(ends) == 0);
		outermost("blocks\n");
		CHECK(read(ends[0], &byte, 1) == 1);
	} else {
		CHECK(!"a way that is known");
	}
	return 0;
}
