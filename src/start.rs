//! The constructor: everything that happens before `main`.
//!
//! The order matters. Everything is planned and all stubs exist before the first byte of code is changed. From then on calls
//! of libc run through the stubs, those of this constructor included: they pass straight on, until [`hook::activate`].
#![allow(unsafe_code, reason = "a constructor")]

use std::cell::LazyCell;
use std::ffi::{CStr, c_int};
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{self, Config};
use crate::hook::Numbers;
use crate::index::{self, Shelf};
use crate::log::Wanted;
use crate::object::loaded::{self, Loaded};
use crate::prepare::Prepared;
use crate::sys::room::heap_has;
use crate::sys::text::TextWriter;
use crate::sys::{call, dynamic};
use crate::times::{Stage, Times};
use crate::trampoline::Crossings;
use crate::{capi, handed_down, hook, inject, keep, log, report, stat};

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;

extern "C" fn constructor() {
    if FOR_ANALYSIS_ONLY.load(Ordering::Relaxed) {
        return;
    }
    hook::errno::find();
    let mut errno = hook::errno::Running::default();
    let _errno = hook::errno::Kept::keep_in(&mut errno);
    if !allowed() {
        return;
    }
    let is_strict = config::is_strict();
    // A bug in here must not take the program down: it runs on, un-intercepted.
    let outcome = std::panic::catch_unwind(|| {
        if !heap_has(ENOUGH) {
            report::line(&"no system call is intercepted: there is not enough memory");
            return 1;
        }
        hook::bypass(|| start(config()))
    });
    let failures = outcome.unwrap_or(1);
    if failures > 0 && is_strict {
        report::line(&"INTERCEPT_STRICT=1: the program is not started");
        call::exit_group(127);
    }
}

/// Declares that a program links this library for what it can say about binaries, with [`disasm`](crate::disasm) and
/// [`patch`](crate::patch), and does not want to be intercepted itself.
///
/// The library is linked into programs in two ways: as a static library that intercepts them, and as this crate. The
/// constructor cannot tell which, so a program of the second kind says so.
#[macro_export]
macro_rules! for_analysis_only {
    () => {
        const _: () = {
            // Linkers sort the numbered sections before the plain one, where this library's constructor is.
            #[used]
            #[unsafe(link_section = ".init_array.00100")]
            static DECLARE: extern "C" fn() = declare;

            extern "C" fn declare() {
                $crate::__plugin::for_analysis_only();
            }
        };
    };
}

#[cfg(test)]
for_analysis_only!();

static FOR_ANALYSIS_ONLY: AtomicBool = AtomicBool::new(false);

/// What [`for_analysis_only!`] does.
#[doc(hidden)]
pub fn for_analysis_only() {
    FOR_ANALYSIS_ONLY.store(true, Ordering::Relaxed);
}

fn config() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(Config::from_env)
}

/// Whether this program is one that is to be intercepted.
pub(crate) fn allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| config::allows(argv0()))
}

/// The name the program was called by. From libc, which has it without `/proc`.
fn argv0() -> &'static [u8] {
    unsafe extern "C" {
        static program_invocation_name: *const std::ffi::c_char;
    }
    // SAFETY: both libcs define this variable and point it to `argv[0]` before any constructor of another library runs.
    let name = unsafe { program_invocation_name };
    // SAFETY: NULL, or a string that lives as long as the process.
    if name.is_null() { b"" } else { unsafe { CStr::from_ptr(name) }.to_bytes() }
}

/// More than is allocated here if nothing has to be found out.
const ENOUGH: usize = 120 << 10;

/// Patches the process. Answers how many things went wrong; each has been reported.
fn start(config: &Config) -> usize {
    let mut times = Times::new(config.times);
    if config.dump {
        report::dump();
    }
    if capi::engine_is_elsewhere() {
        ::log::debug!("another copy of this library is already loaded: leaving the work to it");
        return 0;
    }
    let objects = loaded::objects();
    if let Some(threads) = other_threads(&objects) {
        // A thread may be between two instructions of a window, or be about to execute bytes that are half written.
        report::line(&format_args!(
            "no system call is intercepted: the program has {threads} other threads already; load the library with LD_PRELOAD"
        ));
        return 1;
    }
    keep::configure(config);
    handed_down::configure(config);
    log::configure(config);
    stat::configure(config);

    let mut failures = 0;
    if let Some(text) = &config.inject
        && let Err(error) = inject::configure(text)
    {
        report::line(&format_args!("INTERCEPT_INJECT: {error}; nothing is injected"));
        failures += 1;
    }

    if let Some(text) = &config.only {
        match inject::numbers(text) {
            Ok(numbers) => hook::allow(&numbers),
            Err(error) => {
                report::line(&format_args!("INTERCEPT_ONLY: {error}; hooks see what they want"));
                failures += 1;
            }
        }
    }

    match config.on_fault.as_ref().map(|text| text.as_bytes()) {
        None => {}
        Some(b"abort") => hook::cover(false),
        Some(b"disable") => hook::cover(true),
        Some(_) => {
            report::line(&"INTERCEPT_ON_FAULT: neither `abort` nor `disable`; hooks are treated as they were added");
            failures += 1;
        }
    }

    if !objects.iter().any(|object| object.is_self() && object.stays()) {
        pin();
    }
    let targets: Vec<&Loaded> = objects.iter().filter(|object| is_target(object, config)).collect();
    if targets.is_empty() {
        report::line(&"no libc among the loaded objects: no system call is intercepted");
        return 1;
    }
    let wanted = wanted(&objects, config);
    if let Some(wanted) = &wanted {
        hook::expect(wanted);
    }
    let mut fail = |path: &Path, address: Option<u64>, reason: &dyn Display| {
        failures += 1;
        match address {
            Some(address) => {
                report::line(&format_args!("{}+{address:#x}: system call left alone: {reason}", path.display()))
            }
            None => report::line(&format_args!("{}: not intercepted: {reason}", path.display())),
        }
    };
    // The first object of the list is the program.
    hook::cancel::prepare(objects.iter().skip(1).find(|object| object.is_self()).map(|object| object.span.clone()));
    let crossings = Crossings::for_this_cpu();
    let shelf = shelf(config, &objects);
    times.lap(Stage::Find);
    let prepared = targets
        .into_iter()
        .filter_map(|object| Prepared::new(object, wanted.as_ref(), shelf.as_ref(), crossings, &mut fail, &mut times));
    let prepared: Vec<Prepared<'_>> = prepared.collect();
    let was_searched = prepared.iter().any(|object| object.was_searched);
    let writer = LazyCell::new(TextWriter::new as fn() -> TextWriter);
    capi::tell_of(prepared.into_iter().filter_map(|object| object.write(&writer, &mut fail)).collect());
    if was_searched {
        give_back_heap(&objects);
    }
    times.lap(Stage::Write);
    hook::adopt_handlers();
    hook::activate();
    // Somebody who does not need the library by name may have hooks, too; if there is no other use for it, there will be some.
    let is_of_other_use = log::watches() || stat::active() || config.inject.is_some();
    if capi::may_have_hooks(&objects) || hook::any() || !is_of_other_use {
        hook::expect_hooks();
    }
    times.lap(Stage::Activate);
    times.report();
    failures
}

/// The place that somebody has named for the index, or that beside the library.
fn shelf(config: &Config, objects: &[Loaded]) -> Option<Shelf> {
    let path = match &config.index {
        Some(path) => PathBuf::from(path),
        None => objects.iter().find(|object| object.is_self())?.path().parent()?.join(index::FILE_NAME),
    };
    Some(Shelf::at(path))
}

/// The calls that hooks, logs and who counts will want, all in all, where that is known; otherwise they may want any.
fn wanted(objects: &[Loaded], config: &Config) -> Option<Numbers> {
    let by_hooks = || capi::declared(objects).or_else(|| config.only.as_ref().map(|_| Numbers::allowed()));
    if stat::active() {
        return None;
    }
    let by_log = match log::wanted() {
        Wanted::All => return None,
        Wanted::Nothing => return by_hooks(),
        Wanted::These(numbers) => numbers,
    };
    let wanted = if capi::may_have_hooks(objects) { by_hooks()? } else { Numbers::these(&[]) };
    wanted.add(&by_log);
    Some(wanted)
}

/// How many other threads there are, if any. Without `/proc` the constructor is believed to be early enough.
fn other_threads(objects: &[Loaded]) -> Option<u64> {
    if is_first(objects) {
        return None;
    }
    // The folder has a link for each thread, one for itself and one for its parent: `proc_task_getattr` in fs/proc/base.c.
    let links = std::fs::metadata("/proc/self/task").ok()?.nlink();
    links.checked_sub(3).filter(|&others| others > 0)
}

/// Whether it can be known without the kernel that there is but one thread: this object came with the program, and libc has created none.
/// (Libc knows nothing of threads that the constructor of another library has made without it, by `clone`.)
fn is_first(objects: &[Loaded]) -> bool {
    let place = |is_it: fn(&Loaded) -> bool| objects.iter().position(is_it);
    // What is opened later comes behind all that was there, the loader for one.
    let came_with_program =
        place(Loaded::is_self).zip(place(Loaded::is_loader)).is_some_and(|(own, loader)| own < loader);
    came_with_program && {
        // glibc has it from 2.32 on; musl's is called otherwise and is its own affair.
        let libc = objects.iter().find(|object| object.is_libc());
        let known = libc.and_then(|libc| libc.defined(c"__libc_single_threaded")?);
        // SAFETY: a variable of type `char` (sys/single_threaded.h).
        known.is_some_and(|address| unsafe { *(address as *const u8) } != 0)
    }
}

/// Gives memory that is free in the heap back to the kernel. glibc would keep it for the program, as long as anything behind it is in use;
/// musl has no such function and keeps none.
fn give_back_heap(objects: &[Loaded]) {
    let trim = objects.iter().filter(|object| object.is_libc()).find_map(|libc| libc.defined(c"malloc_trim")?);
    if let Some(address) = trim {
        // SAFETY: glibc's function of this name, which has this type and may be called at any time (malloc.h).
        let trim = unsafe { std::mem::transmute::<u64, extern "C" fn(usize) -> c_int>(address) };
        trim(0);
    }
}

/// Makes the dynamic loader keep the object this code is in, also if somebody who has opened it closes it again: libc will
/// jump into it for ever.
fn pin() {
    let Some(name) = dynamic::object_of(pin as *const _) else { return };
    // SAFETY: the name is the loader's own and the object is loaded, so nothing is opened; in an executable the loader knows no
    // object of this name, and nothing needs to be done.
    unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE) };
}

/// Whether an object's system calls are to be intercepted.
fn is_target(object: &Loaded, config: &Config) -> bool {
    (config.all_objects || object.is_libc()) && !object.is_vdso() && !object.is_self()
}
