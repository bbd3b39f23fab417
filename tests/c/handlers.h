/* Handlers for programs that look at signals. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include <signal.h>
#include <unistd.h>

#include "check.h"

/* A handler as `signal` takes it. */
#define PLAIN(handler) ((void (*)(int)) (void *) (handler))

static volatile int handled;

static inline void
install(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

	CHECK(sigaction(signal, &action, NULL) == 0);
}

static inline void
count(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) info, (void) context;
	handled++;
}

/* Handlers that interrupt each other, if they may. */
static volatile int depth, deepest;

static inline void
nest(int signal, siginfo_t *info, void *context)
{
	(void) info, (void) context;
	handled++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (handled < 5)
		CHECK(kill(getpid(), signal) == 0);
	depth--;
}

#endif
