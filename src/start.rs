//! The constructor: everything that happens before `main`.
//!
//! The order matters. Everything is planned and all stubs exist before the first byte of code is changed. From then on calls
//! of libc run through the stubs, those of this constructor included: they pass straight on, until [`hook::activate`].
#![allow(unsafe_code, reason = "a constructor, and code that is changed")]

use std::ffi::OsStr;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::Config;
use crate::object::loaded::{self, Loaded};
use crate::object::target::is_libc;
use crate::patch::{self, Patch, write};
use crate::sys::call;
use crate::sys::text::TextWriter;
use crate::trampoline::stub::{Descriptor, UNKNOWN_NUMBER};
use crate::trampoline::{Arena, Crossing};
use crate::{capi, disasm, hook, log, report};

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;

extern "C" fn constructor() {
    if FOR_ANALYSIS_ONLY.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: libc's address of this thread's errno.
    let errno = unsafe { *libc::__errno_location() };
    // A bug in here must not take the program down: it runs on, un-intercepted.
    let outcome = std::panic::catch_unwind(|| hook::bypass(|| start(config())));
    let failures = outcome.unwrap_or(1);
    if failures > 0 && config().strict {
        report::line(&"INTERCEPT_STRICT=1: the program is not started");
        call::exit_group(127);
    }
    // SAFETY: as above. A program may find errno as the kernel left it: zero.
    unsafe { *libc::__errno_location() = errno };
}

/// Declares that a program links this library for what it can say about binaries, with [`disasm`] and [`patch`], and does not
/// want to be intercepted itself.
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
    *ALLOWED.get_or_init(|| config().filter.is_none() || config().allows(OsStr::from_bytes(&argv0())))
}

/// The name the program was called by; empty without `/proc`.
fn argv0() -> Vec<u8> {
    let mut command_line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let end = command_line.iter().position(|&byte| byte == 0).unwrap_or(command_line.len());
    command_line.truncate(end);
    command_line
}

/// Patches the process. Answers how many things went wrong; each has been reported.
fn start(config: &Config) -> usize {
    if !allowed() {
        return 0;
    }
    if config.dump {
        report::dump();
    }
    if capi::engine_is_elsewhere() {
        ::log::debug!("another copy of this library is already loaded: leaving the work to it");
        return 0;
    }
    log::configure(config);

    let objects = loaded::objects();
    let targets: Vec<&Loaded> = objects.iter().filter(|object| is_target(object, config)).collect();
    if targets.is_empty() {
        report::line(&"no libc among the loaded objects: no system call is intercepted");
        return 1;
    }
    let mut failures = 0;
    let mut fail = |path: &Path, address: Option<u64>, reason: &dyn Display| {
        failures += 1;
        match address {
            Some(address) => {
                report::line(&format_args!("{}+{address:#x}: system call left alone: {reason}", path.display()))
            }
            None => report::line(&format_args!("{}: not intercepted: {reason}", path.display())),
        }
    };
    let crossing = Crossing::for_this_cpu();
    let prepared: Vec<Prepared<'_>> =
        targets.into_iter().filter_map(|object| Prepared::new(object, crossing, &mut fail)).collect();
    let writer = TextWriter::new();
    for object in &prepared {
        object.write(&writer, &mut fail);
    }
    hook::adopt_handlers();
    hook::activate();
    failures
}

/// Whether an object's system calls are to be intercepted.
fn is_target(object: &Loaded, config: &Config) -> bool {
    (config.all_objects || is_libc(object.path())) && !object.is_vdso() && !object.is_self()
}

/// Takes note of what goes wrong: the object, the address in its file, the reason.
type Fail<'a> = dyn FnMut(&Path, Option<u64>, &dyn Display) + 'a;

/// An object whose stubs are in place and whose code is as it was.
struct Prepared<'a> {
    object: &'a Loaded,
    patches: Vec<(Patch, Descriptor)>,
    arena: Arena,
}

impl<'a> Prepared<'a> {
    /// Finds the sites of an object, plans their windows and assembles their stubs.
    fn new(object: &'a Loaded, crossing: Crossing, fail: &mut Fail<'_>) -> Option<Prepared<'a>> {
        let located = match disasm::locate(&object.image, &object.functions()) {
            Ok(located) => located,
            Err(error) => {
                fail(object.path(), None, &error);
                return None;
            }
        };
        for unknown in &located.unknown {
            let address = object.in_file(unknown.address);
            if unknown.doubt.is_in_function() {
                fail(object.path(), Some(address), &unknown.doubt);
            } else {
                // Tables of constants, in all likelihood: libraries hold hundreds of these and run well.
                ::log::debug!("{}+{address:#x}: no known code: {}", object.path().display(), unknown.doubt);
            }
        }
        let path: &'static [u8] = Box::leak(object.path().as_os_str().as_bytes().into());
        let name: &'static &'static [u8] = Box::leak(Box::new(path));
        let mut patches = Vec::with_capacity(located.sites.len());
        for patch in patch::plan(located) {
            ::log::debug!("{}+{:#x}: {}", object.path().display(), object.in_file(patch.site.address), patch.rung);
            match patch.reason() {
                Some(reason) if reason.is_deliberate() => {}
                Some(reason) => fail(object.path(), Some(object.in_file(patch.site.address)), &reason),
                None => {
                    let descriptor = descriptor(&patch, object, name);
                    patches.push((patch, descriptor));
                }
            }
        }
        if patches.is_empty() {
            return None;
        }
        match Arena::build(&object.span, crossing, &patches) {
            Ok(arena) => {
                ::log::debug!("{}: {} stubs at {:x?}", object.path().display(), patches.len(), arena.memory);
                Some(Prepared { object, patches, arena })
            }
            Err(error) => {
                fail(object.path(), None, &error);
                None
            }
        }
    }

    /// Writes the jumps.
    fn write(&self, writer: &TextWriter, fail: &mut Fail<'_>) {
        for ((patch, _), stub) in self.patches.iter().zip(&self.arena.stubs) {
            let site = self.object.in_file(patch.site.address);
            let Some(edits) = stub.and_then(|stub| patch.edits(stub)) else {
                fail(self.object.path(), Some(site), &"its stub is out of reach");
                continue;
            };
            // SAFETY: the image is that of a loaded object and the stub is in place. No other thread executes the window: this
            // runs in the constructor. (A library that is loaded later, by `dlopen`, may find threads; the window before a
            // blocked system call is behind them, and what little else can happen is said in the README.)
            if let Err(error) = unsafe { write::apply(writer, &self.object.image, edits) } {
                fail(self.object.path(), Some(site), &error);
            }
        }
    }
}

fn descriptor(patch: &Patch, object: &Loaded, name: &'static &'static [u8]) -> Descriptor {
    Descriptor {
        after: patch.site.end(),
        offset: object.in_file(patch.site.address),
        number: patch.site.number.map_or(UNKNOWN_NUMBER, i64::from),
        object: name,
    }
}
