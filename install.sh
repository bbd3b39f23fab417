#!/bin/sh
# Installs the library, its headers, a pkg-config file and the command from target/release.
#
#     cargo build --release && sudo ./install.sh
#     PREFIX=$HOME/.local ./install.sh
#     DESTDIR=/tmp/package PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu ./install.sh
set -eu
cd "$(dirname "$0")"

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
built=${CARGO_TARGET_DIR:-target}/release
root=${DESTDIR:-}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

for file in libsyscall_intercept.so libsyscall_intercept.a intercept; do
    if [ ! -f "$built/$file" ]; then
        echo "install.sh: $built/$file is missing; build it first: cargo build --release" >&2
        exit 1
    fi
done

install -d "$root$prefix/bin" "$root$libdir/pkgconfig" "$root$prefix/include"
install -m 755 "$built/intercept" "$root$prefix/bin/"
install -m 755 "$built/libsyscall_intercept.so" "$root$libdir/libsyscall_intercept.so.$version"
ln -sf "libsyscall_intercept.so.$version" "$root$libdir/libsyscall_intercept.so.0"
ln -sf libsyscall_intercept.so.0 "$root$libdir/libsyscall_intercept.so"
install -m 644 "$built/libsyscall_intercept.a" "$root$libdir/"
install -m 644 include/*.h "$root$prefix/include/"
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" -e "s|@VERSION@|$version|" \
    libsyscall_intercept.pc.in >"$root$libdir/pkgconfig/libsyscall_intercept.pc"
echo "installed version $version under $root$prefix"

# The dynamic loader finds new libraries in its folders through a cache.
if [ -z "$root" ] && [ "$(id -u)" = 0 ]; then
    ldconfig
fi
if [ -z "$root" ] && ! ldconfig -p | grep -q " $libdir/libsyscall_intercept.so.0$"; then
    echo "the dynamic loader does not look into $libdir; for programs that use the library: export LD_LIBRARY_PATH=$libdir"
fi
