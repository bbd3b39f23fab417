//! Who a process is and what it may do.

use syscalls::Sysno as S;

use super::super::form::processes::UINT;
use super::super::kind::Kind::*;
use super::Returns::Number;
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::getpid, Number, &[]),
    call(S::getppid, Number, &[]),
    call(S::gettid, Number, &[]),
    call(S::getpgrp, Number, &[]),
    call(S::getpgid, Number, &[Int]),
    call(S::setpgid, Number, &[Int, Int]),
    call(S::getsid, Number, &[Int]),
    call(S::setsid, Number, &[]),
    call(S::getuid, Number, &[]),
    call(S::getgid, Number, &[]),
    call(S::geteuid, Number, &[]),
    call(S::getegid, Number, &[]),
    call(S::setuid, Number, &[Int]),
    call(S::setgid, Number, &[Int]),
    call(S::setreuid, Number, &[Int, Int]),
    call(S::setregid, Number, &[Int, Int]),
    call(S::setresuid, Number, &[Int, Int, Int]),
    call(S::setresgid, Number, &[Int, Int, Int]),
    call(S::getresuid, Number, &[Filled(&UINT), Filled(&UINT), Filled(&UINT)]),
    call(S::getresgid, Number, &[Filled(&UINT), Filled(&UINT), Filled(&UINT)]),
    call(S::setfsuid, Number, &[Int]),
    call(S::setfsgid, Number, &[Int]),
    call(S::getgroups, Number, &[Int, Numbers]),
    call(S::setgroups, Number, &[Int, Pointer]),
    call(S::capget, Number, &[Pointer, Pointer]),
    call(S::capset, Number, &[Pointer, Pointer]),
    call(S::personality, Number, &[Hex]),
    call(S::add_key, Number, &[Text, Text, In(3), Size, Int]),
    call(S::request_key, Number, &[Text, Text, Text, Int]),
    call(S::keyctl, Number, &[Int, Hex, Hex, Hex, Hex]),
    call(S::landlock_create_ruleset, Number, &[Pointer, Size, Hex]),
    call(S::landlock_add_rule, Number, &[Fd, Int, Pointer, Hex]),
    call(S::landlock_restrict_self, Number, &[Fd, Hex]),
    call(S::lsm_get_self_attr, Number, &[Uint, Pointer, Pointer, Hex]),
    call(S::lsm_set_self_attr, Number, &[Uint, Pointer, Uint, Hex]),
    call(S::lsm_list_modules, Number, &[Pointer, Pointer, Hex]),
];
