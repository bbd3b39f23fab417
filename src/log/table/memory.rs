//! Memory, and what processes share of it.

use syscalls::Sysno as S;

use super::super::kind::Kind::*;
use super::super::names::memory::*;
use super::Returns::{Address, Number};
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::mmap, Address, &[Pointer, Size, LongFlags(PROT), LongFlags(MAP), Fd, Hex]),
    call(S::mprotect, Number, &[Pointer, Size, LongFlags(PROT)]),
    call(S::munmap, Number, &[Pointer, Size]),
    call(S::brk, Address, &[Pointer]),
    call(S::mremap, Address, &[Pointer, Size, Size, LongFlags(MREMAP), Pointer]),
    call(S::msync, Number, &[Pointer, Size, Flags(MSYNC)]),
    call(S::mincore, Number, &[Pointer, Size, Pointer]),
    call(S::madvise, Number, &[Pointer, Size, Name(MADVISE)]),
    call(S::process_madvise, Number, &[Fd, Pointer, Size, Name(MADVISE), Hex]),
    call(S::remap_file_pages, Number, &[Pointer, Size, LongFlags(PROT), Size, LongFlags(MAP)]),
    call(S::mlock, Number, &[Pointer, Size]),
    call(S::mlock2, Number, &[Pointer, Size, Flags(MLOCK2)]),
    call(S::munlock, Number, &[Pointer, Size]),
    call(S::mlockall, Number, &[Flags(MLOCK)]),
    call(S::munlockall, Number, &[]),
    call(S::mseal, Number, &[Pointer, Size, Hex]),
    call(S::map_shadow_stack, Address, &[Pointer, Size, Hex]),
    call(S::memfd_secret, Number, &[OpenFlags]),
    call(S::pkey_mprotect, Number, &[Pointer, Size, LongFlags(PROT), Int]),
    call(S::pkey_alloc, Number, &[Hex, Hex]),
    call(S::pkey_free, Number, &[Int]),
    call(S::mbind, Number, &[Pointer, Size, Hex, Pointer, Size, Hex]),
    call(S::set_mempolicy, Number, &[Hex, Pointer, Size]),
    call(S::get_mempolicy, Number, &[Pointer, Pointer, Size, Pointer, Hex]),
    call(S::set_mempolicy_home_node, Number, &[Pointer, Size, Size, Hex]),
    call(S::migrate_pages, Number, &[Int, Size, Pointer, Pointer]),
    call(S::move_pages, Number, &[Int, Size, Pointer, Pointer, Pointer, Hex]),
    call(S::membarrier, Number, &[Flags(MEMBARRIER), Hex, Int]),
    call(S::process_vm_readv, Number, &[Int, Pointer, Size, Pointer, Size, Hex]),
    call(S::process_vm_writev, Number, &[Int, Pointer, Size, Pointer, Size, Hex]),
    call(S::process_mrelease, Number, &[Fd, Hex]),
    // System V
    call(S::shmget, Number, &[Hex, Size, IpcFlags]),
    call(S::shmat, Address, &[Int, Pointer, Hex]),
    call(S::shmdt, Number, &[Pointer]),
    call(S::shmctl, Number, &[Int, Int, Pointer]),
    call(S::semget, Number, &[Hex, Int, IpcFlags]),
    call(S::semop, Number, &[Int, Pointer, Size]),
    call(S::semtimedop, Number, &[Int, Pointer, Size, Pointer]),
    call(S::semctl, Number, &[Int, Int, Int, Hex]),
    call(S::msgget, Number, &[Hex, IpcFlags]),
    call(S::msgsnd, Number, &[Int, Pointer, Size, Flags(IPC)]),
    call(S::msgrcv, Number, &[Int, Pointer, Size, Long, Hex]),
    call(S::msgctl, Number, &[Int, Int, Pointer]),
    // POSIX
    call(S::mq_open, Number, &[Text, OpenFlags, ModeOfNewFile, Pointer]),
    call(S::mq_unlink, Number, &[Text]),
    call(S::mq_timedsend, Number, &[Fd, In(2), Size, Uint, Pointer]),
    call(S::mq_timedreceive, Number, &[Fd, Out, Size, Pointer, Pointer]),
    call(S::mq_notify, Number, &[Fd, Pointer]),
    call(S::mq_getsetattr, Number, &[Fd, Pointer, Pointer]),
];
