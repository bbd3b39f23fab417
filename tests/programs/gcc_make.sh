# A small project: make -j2, gcc, ar, ld; the objects are the same byte for byte.
# packages: gcc make binutils libc6-dev
set -e
for i in $(seq 12); do
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <math.h>\nint part%d(int x)\n{\n\treturn x * %d + abs(x) + (int) sqrt(x);\n}\n' \
        "$i" "$i" >"part$i.c"
done
{
    for i in $(seq 12); do echo "int part$i(int);"; done
    echo '#include <stdio.h>'
    echo 'int main(void) { int sum = 0;'
    for i in $(seq 12); do echo "sum += part$i($i);"; done
    echo 'printf("%d\n", sum); return 0; }'
} >main.c
cat >Makefile <<'make'
OBJECTS = $(patsubst part%.c,part%.o,$(wildcard part*.c))
program: main.o libparts.a
	@gcc -o $@ main.o -L. -lparts -lm -Wl,--build-id=none
libparts.a: $(OBJECTS)
	@ar rcsD $@ $(sort $^)
%.o: %.c
	@gcc -O2 -g0 -pipe -Wall -c -o $@ $<
make
make -s -j2
./program
sha256sum -- *.o libparts.a program
echo 'int main(void) { return missing; }' >broken.c
gcc -c broken.c || echo "status $?"
make -j2 program | sed 's/^make[^:]*://'
gcc -O2 -flto=2 -o with_lto main.c part*.c -lm && ./with_lto
