/* Yardstick: a library with nothing in it. */
int empty;
