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
    for object in cc::Build::new().file("compat/libc.c").pic(true).flag("-fvisibility=hidden").compile_intermediates() {
        println!("cargo:rustc-link-arg={}", object.display());
    }
    // The unwinder: rustc asks for libgcc_s, which as-needed linking leaves out when all of it is here already.
    println!("cargo:rustc-link-arg=-Wl,--push-state,-Bstatic,--whole-archive,-lgcc_eh,--pop-state");
    // See compat/libc.c.
    println!("cargo:rustc-link-arg=-Wl,--wrap=_Unwind_SetGR");
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
