//! The machine, the kernel, and calls that are only a number any more.

use syscalls::Sysno as S;

use super::super::form::processes::{SYSINFO, UTSNAME};
use super::super::kind::Kind::*;
use super::super::names::system::GETRANDOM;
use super::Returns::{Descriptor, Number};
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::getrandom, Number, &[OutRandom, Size, Flags(GETRANDOM)]),
    call(S::uname, Number, &[Filled(&UTSNAME)]),
    call(S::sysinfo, Number, &[Filled(&SYSINFO)]),
    call(S::syslog, Number, &[Int, Pointer, Int]),
    call(S::sync, Number, &[]),
    call(S::vhangup, Number, &[]),
    call(S::sethostname, Number, &[In(1), Int]),
    call(S::setdomainname, Number, &[In(1), Int]),
    call(S::reboot, Number, &[Hex, Hex, Hex, Pointer]),
    call(S::iopl, Number, &[Uint]),
    call(S::ioperm, Number, &[Size, Size, Int]),
    call(S::modify_ldt, Number, &[Int, Pointer, Size]),
    call(S::init_module, Number, &[Pointer, Size, Text]),
    call(S::finit_module, Number, &[Fd, Text, Hex]),
    call(S::delete_module, Number, &[Text, Hex]),
    call(S::kexec_load, Number, &[Pointer, Size, Pointer, Hex]),
    call(S::kexec_file_load, Number, &[Fd, Fd, Size, In(2), Hex]),
    call(S::perf_event_open, Descriptor, &[Pointer, Int, Int, Fd, Hex]),
    call(S::bpf, Number, &[Int, Pointer, Uint]),
    call(S::uprobe, Number, &[]),
    call(S::uretprobe, Number, &[]),
    call(S::lookup_dcookie, Number, &[Hex, Out, Size]),
    // Gone from the kernel, or never in it; the numbers stay reserved and answer `ENOSYS`.
    call(S::_sysctl, Number, &[Pointer]),
    call(S::create_module, Number, &[Text, Size]),
    call(S::get_kernel_syms, Number, &[Pointer]),
    call(S::query_module, Number, &[Text, Int, Pointer, Size, Pointer]),
    call(S::nfsservctl, Number, &[Int, Pointer, Pointer]),
    call(S::getpmsg, Number, &[Hex, Hex, Hex, Hex, Hex]),
    call(S::putpmsg, Number, &[Hex, Hex, Hex, Hex, Hex]),
    call(S::afs_syscall, Number, &[Hex, Hex, Hex, Hex, Hex]),
    call(S::tuxcall, Number, &[Hex, Hex, Hex]),
    call(S::security, Number, &[Hex, Hex, Hex]),
    call(S::vserver, Number, &[Hex, Hex, Hex, Hex, Hex]),
];
