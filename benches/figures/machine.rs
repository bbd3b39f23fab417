//! The machine the figures are from.
#![allow(unsafe_code, reason = "asks libc for its version, and the kernel for one CPU")]

use std::ffi::CStr;
use std::fs;
use std::mem::{MaybeUninit, size_of};
use std::process::Command;

/// Two lines about it.
pub(crate) fn describe() -> String {
    let output = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let load = file("/proc/loadavg");
    format!(
        "{}: {} ({cpus} CPUs{}), Linux {}, glibc {}, load before {}",
        output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        model.map_or("unknown CPU", |(_, model)| model),
        if cpu.contains(" hypervisor ") { ", virtual" } else { "" },
        output("uname", &["-r"]),
        libc_version(),
        load.split(' ').next().unwrap_or("unknown"),
    )
}

fn libc_version() -> String {
    unsafe extern "C" {
        fn gnu_get_libc_version() -> *const std::ffi::c_char;
    }
    // SAFETY: answers a string constant.
    unsafe { CStr::from_ptr(gnu_get_libc_version()) }.to_string_lossy().into_owned()
}

/// The flags of the CPU, as the kernel names them.
pub(crate) fn cpu_has(flag: &str) -> bool {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines().find(|line| line.starts_with("flags")).is_some_and(|line| line.split(' ').any(|it| it == flag))
}

/// Keeps this thread, and what it starts, on one CPU for as long as this lives. What takes turns then runs on the same one, and
/// is not moved about between two figures.
#[derive(Debug)]
pub(crate) struct OneCpu {
    before: libc::cpu_set_t,
}

impl OneCpu {
    /// The last there is: interrupts tend to be served by the first.
    pub(crate) fn keep() -> OneCpu {
        OneCpu::choose(|cpus| cpus.last().copied())
    }

    /// Another one than that, if there are two.
    pub(crate) fn another() -> OneCpu {
        OneCpu::choose(|cpus| cpus.iter().rev().nth(1).or(cpus.first()).copied())
    }

    fn choose(choose: impl FnOnce(&[usize]) -> Option<usize>) -> OneCpu {
        let mut before = MaybeUninit::<libc::cpu_set_t>::zeroed();
        // SAFETY: has room for the answer.
        let answer = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), before.as_mut_ptr()) };
        assert_eq!(answer, 0, "sched_getaffinity fails");
        // SAFETY: any bits are a set of CPUs.
        let before = unsafe { before.assume_init() };
        // SAFETY: within the set.
        let has = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &before) };
        let cpus: Vec<usize> = (0..libc::CPU_SETSIZE as usize).filter(has).collect();
        let chosen = choose(&cpus).unwrap();
        // SAFETY: no bits are a set of CPUs, too.
        let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: within the set.
        unsafe { libc::CPU_SET(chosen, &mut one) };
        set(&one);
        OneCpu { before }
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        set(&self.before);
    }
}

fn set(cpus: &libc::cpu_set_t) {
    // SAFETY: a valid set.
    let answer = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), cpus) };
    assert_eq!(answer, 0, "sched_setaffinity fails");
}
