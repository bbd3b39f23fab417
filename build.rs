//! Links the shared library: its SONAME, and what makes it load with every libc. And names the analysis, for the index.
//!
//! `rustc-link-arg` and not `rustc-cdylib-link-arg`: Cargo passes the latter on to the cdylibs of every crate that depends
//! on this one, and plugins that all carry our SONAME would be taken by the dynamic loader for one and the same library.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What an index depends on: other sources may say other things of the same libc.
const ANALYSIS: [&str; 7] =
    ["asm", "src/disasm", "src/index", "src/object", "src/patch", "src/trampoline", "Cargo.toml"];

fn main() {
    let mut hasher = DefaultHasher::new();
    for place in ANALYSIS {
        println!("cargo:rerun-if-changed={place}");
        hash(Path::new(place), &mut hasher).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    env::var("CARGO_PKG_VERSION").unwrap_or_default().hash(&mut hasher);
    println!("cargo:rustc-env=SYSCALL_INTERCEPT_ANALYSIS={:016x}", hasher.finish());

    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=compat/libc.c");
    println!("cargo:rustc-link-arg=-Wl,-soname,libsyscall_intercept.so.0");
    // Once it has patched libc it cannot be unloaded; src/start.rs sees to that in plugins, which do not get these arguments.
    println!("cargo:rustc-link-arg=-Wl,-z,nodelete");

    // Objects named on the command line, unlike archives, define their symbols whatever a shared library offers.
    let mut compat = cc::Build::new();
    compat.file("compat/libc.c").pic(true).flag("-fvisibility=hidden");
    // Without a second address of each function that it asks for: the loader would look that up, too, at each start.
    compat.flag_if_supported("-fno-plt");
    for object in compat.compile_intermediates() {
        println!("cargo:rustc-link-arg={}", object.display());
    }
    // The unwinder: rustc asks for libgcc_s, which as-needed linking leaves out when all of it is here already.
    println!("cargo:rustc-link-arg=-Wl,--push-state,-Bstatic,--whole-archive,-lgcc_eh,--pop-state");
    if reads_scripts() {
        println!("cargo:rerun-if-changed=src/start.ld");
        println!("cargo:rustc-link-arg=-T");
        println!("cargo:rustc-link-arg={}/src/start.ld", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    }
    // See compat/libc.c.
    println!("cargo:rustc-link-arg=-Wl,--wrap=_Unwind_SetGR");
}

/// Whether the linker can be told where to put what. lld, which rustc chooses, and GNU ld can. Of one that somebody else has chosen it is
/// not known; others refuse. Without, a start is slower.
fn reads_scripts() -> bool {
    println!("cargo:rerun-if-env-changed=MOLD_PATH");
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_known = |flag: &str| match flag.split_once("-fuse-ld=") {
        Some((_, name)) => ["lld", "bfd"].contains(&name),
        None => !flag.contains("linker=") && !flag.contains("--ld-path"),
    };
    let chosen = ["RUSTC_LINKER", "MOLD_PATH"].iter().any(|name| env::var_os(name).is_some());
    !chosen && flags.split('\u{1f}').all(is_known)
}

/// Hashes a file, or all files below a folder in the order of their names.
fn hash(place: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if place.is_dir() {
        let mut inside: Vec<PathBuf> =
            fs::read_dir(place)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        inside.sort();
        return inside.iter().try_for_each(|place| hash(place, hasher));
    }
    place.hash(hasher);
    fs::read(place)?.hash(hasher);
    Ok(())
}
