#!/bin/sh
# Installs what Cargo has built: the library, shared and static, its headers and manual pages, what pkg-config and CMake need to
# find it, and the command with its manual pages and what shells need to complete it.
#
#     cargo build --release && sudo ./install.sh
#     PREFIX=$HOME/.local ./install.sh
#     DESTDIR=/tmp/package PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu ./install.sh
#
# BUILT is the folder with what was built: target/release unless said. MANDIR is where manual pages go.
set -eu
built=${BUILT:-}
if [ -n "$built" ]; then
    built=$(cd "$built" && pwd)
fi
cd "$(dirname "$0")"

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
mandir=${MANDIR:-$prefix/share/man}
built=${built:-${CARGO_TARGET_DIR:-target}/release}
root=${DESTDIR:-}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# What Rust's standard library needs: rustc --print native-static-libs
native="gcc_s util rt pthread m dl c"

for path in "$prefix" "$libdir" "$mandir"; do
    case $path in
        /*) ;;
        *) echo "install.sh: $path is not an absolute path; set PREFIX, LIBDIR and MANDIR to absolute paths" >&2; exit 1 ;;
    esac
done
for file in libsyscall_intercept.so libsyscall_intercept.a intercept; do
    if [ ! -f "$built/$file" ]; then
        echo "install.sh: $built/$file is missing; build it first: cargo build --release" >&2
        exit 1
    fi
done

# For files that lead from the library's folder to the headers: relative where one is below the other, so that the tree may be
# moved.
case $libdir in
    "$prefix"/*)
        below=${libdir#"$prefix"/}
        include=$(echo "$below" | sed 's|[^/][^/]*|..|g')/include
        pc_libdir="\${prefix}/$below"
        ;;
    *)
        include=$prefix/include
        pc_libdir=$libdir
        ;;
esac

# fill TEMPLATE FOLDER NATIVE: writes a file from packaging/ with its blanks filled.
fill() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@LIBDIR@|$pc_libdir|g" -e "s|@INCLUDE@|$include|g" -e "s|@VERSION@|$version|g" \
        -e "s|@NATIVE@|$3|g" "packaging/$1.in" >"$root$2/$1"
    chmod 644 "$root$2/$1"
}

install -d "$root$prefix/bin" "$root$libdir" "$root$prefix/include"
install -m 755 "$built/intercept" "$root$prefix/bin/"
install -m 755 "$built/libsyscall_intercept.so" "$root$libdir/libsyscall_intercept.so.$version"
ln -sf "libsyscall_intercept.so.$version" "$root$libdir/libsyscall_intercept.so.0"
ln -sf libsyscall_intercept.so.0 "$root$libdir/libsyscall_intercept.so"
install -m 644 "$built/libsyscall_intercept.a" "$root$libdir/"
install -m 644 include/*.h "$root$prefix/include/"

flags=$(echo "-l$native" | sed 's/ / -l/g')
install -d "$root$libdir/pkgconfig"
fill libsyscall_intercept.pc "$libdir/pkgconfig" "$flags"
fill libsyscall_intercept-static.pc "$libdir/pkgconfig" "$flags"

cmake=$libdir/cmake/libsyscall_intercept
install -d "$root$cmake"
fill libsyscall_intercept-config.cmake "$cmake" "$(echo "$native" | tr ' ' ';')"
fill libsyscall_intercept-config-version.cmake "$cmake" ''

# A page that describes several functions is found under the name of each.
for page in man/*.[1-8]; do
    file=${page##*/}
    section=${page##*.}
    install -d "$root$mandir/man$section"
    install -m 644 "$page" "$root$mandir/man$section/"
    for name in $(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page"); do
        if [ "$name.$section" != "$file" ]; then
            ln -sf "$file" "$root$mandir/man$section/$name.$section"
        fi
    done
done

# The command knows best what its options are.
install -d "$root$mandir/man1"
"$built/intercept" man "$root$mandir/man1"
chmod 644 "$root$mandir/man1"/intercept*.1

# complete SHELL FOLDER FILE: writes what a shell needs to complete the command to where the shell looks for it.
complete() {
    install -d "$root$prefix/share/$2"
    "$built/intercept" completions "$1" >"$root$prefix/share/$2/$3"
    chmod 644 "$root$prefix/share/$2/$3"
}
complete bash bash-completion/completions intercept
complete zsh zsh/site-functions _intercept
complete fish fish/vendor_completions.d intercept.fish

echo "installed version $version under $root$prefix"

# The dynamic loader finds new libraries in its folders through a cache.
if [ -z "$root" ] && [ "$(id -u)" = 0 ]; then
    ldconfig
fi
if [ -z "$root" ] && ! ldconfig -p | grep -q " $libdir/libsyscall_intercept.so.0$"; then
    echo "the dynamic loader does not look into $libdir; for programs that use the library: export LD_LIBRARY_PATH=$libdir"
fi

# What programs would otherwise find out about the libc of this machine each time they start.
if [ -z "$root" ]; then
    "$prefix/bin/intercept" index || echo "without an index programs start slower; once the cause is gone: intercept index"
fi
