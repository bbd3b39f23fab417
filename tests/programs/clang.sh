# clang: the same object byte for byte, an error with colours and carets.
# packages: clang
set -e
printf '#include <stdio.h>\n#include <stdlib.h>\nint main(int argc, char **argv) { printf("%%s %%d\\n", argv[1], atoi(argv[2]) / argc); return 0; }\n' >a.c
clang --version | head -n 1
clang -O2 -Wall -c a.c && sha256sum a.o
clang -O2 -o a a.c && ./a text 12
echo 'int main(void) { return missing; }' >broken.c
clang -fcolor-diagnostics broken.c || echo "status $?"
