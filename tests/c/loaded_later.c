// A library for `calls_deeply`: calls what it is given.

void loaded_later(void (*run)(const char *), const char *text);

static volatile int after;

void loaded_later(void (*run)(const char *), const char *text) {
	run(text);
	after++;
}
