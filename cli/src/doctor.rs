//! `intercept doctor`: what this machine allows, and what would be seen of a program.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syscall_intercept::disasm;
use syscall_intercept::index::{self, copy::Copy};
use syscall_intercept::object::file::{ElfFile, File};
use syscall_intercept::object::target::is_libc;
use syscall_intercept::patch::{Patch, Rung};

use crate::error::Error;
use crate::sites::Sites;
use crate::subject::{Subject, shown};
use crate::{libc_of, library, output, rights};

#[derive(Debug, clap::Args)]
#[command(after_help = "The exit status is 0 if PROG, or any program, can be intercepted.")]
pub(crate) struct Arguments {
    /// The program to look at; it is not run
    #[arg(value_name = "PROG")]
    program: Option<OsString>,
}

/// What was found, line by line, and whether anything stands in the way.
struct Report {
    text: String,
    healthy: bool,
}

impl Report {
    fn line(&mut self, label: &str, sentence: impl fmt::Display) {
        let _ = writeln!(self.text, "{label:9}{sentence}");
    }

    fn obstacle(&mut self, label: &str, sentence: impl fmt::Display) {
        self.healthy = false;
        self.line(label, sentence);
    }
}

/// Prints the report. Succeeds if the program can be intercepted.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let subject = match &arguments.program {
        None => None,
        Some(name) => Some(Subject::named(name)?.ok_or_else(|| {
            Error::new(format_args!("{}: no such program; give its path if it is not in PATH", name.display()))
        })?),
    };
    let mut report = Report { text: String::new(), healthy: true };
    machine(&mut report);
    if let Some(subject) = &subject {
        program(&mut report, subject)?;
    }
    let what = subject.as_ref().map_or("programs".into(), |subject| subject.path.display().to_string());
    let verdict = if report.healthy { "can be intercepted" } else { "cannot be intercepted" };
    report.line("verdict", format_args!("{what} {verdict}"));
    let printed = output::print(report.text.as_bytes())?;
    Ok(if report.healthy { printed } else { ExitCode::FAILURE })
}

fn machine(report: &mut Report) {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease");
    report.line("kernel", format_args!("Linux {}", kernel.as_deref().map_or("(no /proc to ask)", str::trim)));
    report.line("CPU", vector_state());
    match rights::can_write_through_proc() {
        Ok(()) => report.line("code", "is written through /proc/self/mem; no page becomes writable"),
        Err(error) => report.line(
            "code",
            format_args!("/proc/self/mem refuses ({error}): pages become writable for a moment before main"),
        ),
    }
    match rights::can_read_memory() {
        Ok(()) => report.line("memory", "is read by process_vm_readv; a trace shows strings and structures"),
        Err(error) => {
            report.line("memory", format_args!("process_vm_readv refuses ({error}): a trace shows addresses only"));
        }
    }
    report.line("ptrace", "is not needed");
    match library::find() {
        Ok(path) => report.line("library", path.display()),
        Err(error) => report.obstacle("library", error),
    }
}

fn vector_state() -> &'static str {
    let has_512 = is_x86_feature_detected!("avx512f");
    if has_512 && is_x86_feature_detected!("avx512bw") {
        "AVX-512: zmm and mask registers are saved where they may be alive"
    } else if has_512 {
        "AVX-512F without AVX-512BW: only the ymm part of vector registers is saved"
    } else if is_x86_feature_detected!("avx") {
        "AVX: ymm registers are saved where they may be alive"
    } else {
        "SSE: xmm registers are saved where they may be alive"
    }
}

fn program(report: &mut Report, subject: &Subject) -> Result<(), Error> {
    for script in &subject.scripts {
        report.line("script", format_args!("{}, which its interpreter runs", script.display()));
    }
    report.line("program", shown(&subject.path));
    if let Some(obstacle) = subject.obstacle() {
        report.obstacle("", obstacle);
        return Ok(());
    }
    let elf = subject.file.parse()?;
    let Some(loader) = elf.interpreter() else { return Ok(()) };
    report.line("loader", shown(loader));
    let Some(objects) = libc_of::objects(&subject.path, loader) else {
        report.obstacle("", "does not say what it would load; does the program run at all?");
        return Ok(());
    };
    let (libcs, others): (Vec<PathBuf>, Vec<PathBuf>) = objects.into_iter().partition(|path| is_libc(path));
    if libcs.is_empty() {
        report.obstacle("libc", "none is loaded; INTERCEPT_ALL_OBJS=1 shows what the program itself calls");
    }
    for libc in &libcs {
        let version = libc_of::version(libc).unwrap_or_else(|| "of an unknown version".to_owned());
        report.line("libc", format_args!("{}, {version}", shown(libc)));
        let file = File::open(libc)?;
        let elf = file.parse()?;
        sites(report, &Sites::of(&elf, libc)?);
        report.line("index", index(&elf, libc));
    }
    report.line("unseen", "calls of the loader before main, vdso calls, int 0x80, objects opened later,");
    report.line("", "and calls in code that is made while the program runs (by a JIT)");
    if elf.is_of_go() {
        report.line("", "calls of goroutines: Go makes them without libc, on stacks too small for a hook");
    }
    for (path, count) in elsewhere(&subject.path, &others) {
        let sites = if count == 1 { "site" } else { "sites" };
        report.line("", format_args!("{count} {sites} of {}, unless INTERCEPT_ALL_OBJS=1", shown(&path)));
    }
    Ok(())
}

/// Whether programs with this libc start faster for it.
fn index(elf: &ElfFile<'_>, path: &Path) -> String {
    let named = std::env::var_os("INTERCEPT_INDEX").filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = || library::find().ok().map(|library| library.with_file_name(index::FILE_NAME));
    let Some(file) = named.or_else(beside) else { return "none, as there is no library".to_owned() };
    let shown = file.display();
    let is_copied = elf.build_id().is_some_and(|id| Copy::open(&file, &id, path).is_some());
    match (index::open(&file), elf.build_id()) {
        (Some(index), Some(id)) if index.find(&id).is_some() => {
            let copied = if is_copied { ", and has a patched copy" } else { "" };
            format!("{shown} knows it{copied}: programs start faster")
        }
        // A copy is used without its index.
        _ if is_copied => format!("of {shown} there is a patched copy only; make it again: intercept index"),
        (Some(_), _) => format!("{shown} does not know it; make it again: intercept index"),
        (None, _) if file.exists() => {
            format!("{shown} is of another version, or others may write to it; make it again: intercept index")
        }
        (None, _) => "none; programs start faster with one: intercept index".to_owned(),
    }
}

/// How the sites of a libc would be patched.
fn sites(report: &mut Report, sites: &Sites) {
    let patches = &sites.patches;
    let on = |rung: Rung| patches.iter().filter(|patch| patch.rung == rung).count();
    let rungs = [Rung::InPlace, Rung::InPlaceShort, Rung::InStub, Rung::InStubShort].map(|rung| (rung, on(rung)));
    let mut text = format!("{}:", patches.len() + sites.unknown.len());
    for (rung, count) in rungs.iter().filter(|(_, count)| *count > 0) {
        let _ = write!(text, " {count} {rung};");
    }
    let alone = patches.iter().filter(|patch| !patch.rung.is_taken());
    let _ = write!(text, " {} left alone", alone.clone().count() + sites.unknown.len());
    report.line("sites", text);
    let mut reasons: Vec<String> = alone.filter_map(Patch::reason).map(|reason| reason.to_string()).collect();
    reasons.dedup();
    for reason in reasons {
        report.line("", format_args!("left alone: {reason}"));
    }
    let dead = patches.iter().filter(|patch| patch.state_is_dead).count();
    let share = 100 * dead / patches.len().max(1);
    report.line("", format_args!("at {dead} ({share} %) vectors and flags are dead and need not be saved"));
}

/// The objects beside libc that have sites of their own, and how many.
fn elsewhere(program: &Path, others: &[PathBuf]) -> Vec<(PathBuf, usize)> {
    let count = |path: &Path| {
        let file = File::open(path).ok()?;
        let elf = file.parse().ok()?;
        // The library leaves objects of Go alone in any case.
        (!elf.is_of_go()).then(|| Some(disasm::locate(&elf.image(), &elf.functions()).ok()?.sites.len()))?
    };
    let all = std::iter::once(program).chain(others.iter().map(PathBuf::as_path));
    all.filter_map(|path| Some((path.to_owned(), count(path).filter(|&count| count > 0)?))).collect()
}
