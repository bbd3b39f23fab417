#define VECTORS
#include "bare_crossing.c"
