//! Gives the shared library its SONAME.
//!
//! `rustc-link-arg` and not `rustc-cdylib-link-arg`: Cargo passes the latter on to the cdylibs of every crate that depends
//! on this one, and plugins that all carry our SONAME would be taken by the dynamic loader for one and the same library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg=-Wl,-soname,libsyscall_intercept.so.0");
}
