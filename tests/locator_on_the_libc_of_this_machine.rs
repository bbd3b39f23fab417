//! The libc and the loader that every program of this machine runs on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test; what it prints goes into the README"
)]

use std::path::Path;
use std::time::Instant;

use syscall_intercept::disasm::{self, Located};
use syscall_intercept::object::file::File;
use syscall_intercept::patch::{self, Patch, Rung};

syscall_intercept::for_analysis_only!();

/// Finds and plans, and prints the counts. Nothing if the machine has no such file: it is for the test to say what it needs.
fn look_at(path: &str) -> Option<(Located, Vec<Patch>)> {
    let file = File::open(Path::new(path)).ok()?;
    let elf = file.parse().unwrap();
    let (image, functions) = (elf.image(), elf.functions());
    let started = Instant::now();
    let located = disasm::locate(&image, &functions).unwrap();
    let found = started.elapsed();
    let patches = patch::plan(&located);
    println!("{path}: located in {found:?}, planned in {:?}", started.elapsed() - found);
    let constant = patches.iter().filter(|patch| patch.number.is_some()).count();
    println!("{:6} sites, {constant} with a constant number", patches.len());
    println!("{:6} lookalikes, {} unknown", located.lookalikes.len(), located.unknown.len());
    for rung in [Rung::InPlace, Rung::InPlaceShort, Rung::InStub, Rung::InStubShort] {
        println!("{:6} {rung}", patches.iter().filter(|patch| patch.rung == rung).count());
    }
    for patch in &patches {
        if let Some(reason) = patch.reason() {
            println!("       {:#x} left alone: {reason}", patch.address);
        }
    }
    Some((located, patches))
}

fn in_place(patches: &[Patch]) -> f64 {
    patches.iter().filter(|patch| patch.in_place()).count() as f64 / patches.len() as f64
}

#[test]
fn glibc_has_a_window_for_every_system_call() {
    let paths = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"];
    assert!(paths.iter().any(|path| Path::new(path).exists()), "this test needs a machine with glibc");
    for path in paths {
        let Some((located, patches)) = look_at(path) else { continue };
        assert!(patches.len() > 400, "{path}: glibc makes system calls in some 430 to 530 places");
        assert_eq!(located.unknown, [], "{path}");
        assert_eq!(patches.iter().filter_map(Patch::reason).collect::<Vec<_>>(), [], "{path}");
        assert!(in_place(&patches) >= 0.98, "{path}");
    }
}

#[test]
fn the_loader_has_a_window_for_every_system_call() {
    let (located, patches) = look_at("/lib64/ld-linux-x86-64.so.2").expect("this test needs a machine with glibc");
    assert_eq!(located.unknown, []);
    assert_eq!(patches.iter().filter_map(Patch::reason).collect::<Vec<_>>(), []);
}

#[test]
fn musl_keeps_its_signal_return_and_its_last_call_of_a_thread() {
    let (located, patches) = look_at("/lib/ld-musl-x86_64.so.1").expect("musl is missing: install musl-tools");
    assert_eq!(located.unknown, []);
    let reasons: Vec<_> = patches.iter().filter_map(Patch::reason).collect();
    assert_eq!(reasons, [patch::Reason::SignalReturn, patch::Reason::NoStack, patch::Reason::NoStack]);
    assert!(in_place(&patches) >= 0.9);
}

#[test]
fn whatever_is_installed_is_planned_without_overlap() {
    for folder in ["/usr/lib/x86_64-linux-gnu", "/usr/lib64"] {
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for path in files.flatten().map(|file| file.path()).filter(|path| path.to_string_lossy().contains(".so")) {
            let Ok(file) = File::open(&path) else { continue };
            let Ok(elf) = file.parse() else { continue };
            let located = disasm::locate(&elf.image(), &elf.functions()).unwrap();
            let patches = patch::plan(&located);
            let claims =
                patches.iter().map(|patch| patch.window.start.min(patch.address)..patch.window.end.max(patch.end()));
            let mut end = 0;
            for claim in claims {
                assert!(end <= claim.start, "{}: {claim:x?}", path.display());
                end = claim.end;
            }
        }
    }
}
