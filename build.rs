//! Links the shared library: its SONAME, and what makes it load with every libc.
//!
//! `rustc-link-arg` and not `rustc-cdylib-link-arg`: Cargo passes the latter on to the cdylibs of every crate that depends
//! on this one, and plugins that all carry our SONAME would be taken by the dynamic loader for one and the same library.

fn main() {
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
}
