//! The calls after which a path that has led to a file of the command may not lead there any more.
#![allow(unsafe_code, reason = "looks at the arguments of `clone3`")]

use crate::sys::probe::is_readable;

/// What a call may do to whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// In this process, or in one that it makes, paths may lead elsewhere or be forbidden.
    MayPutOutOfReach,
    /// The process becomes another program.
    StartsProgram,
}

/// Those that may have an effect.
pub(crate) const CALLS: [i64; 20] = [
    // They enter namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_clone,
    libc::SYS_clone3,
    // They change what is at a path.
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_umount2,
    // They give up rights. Who may look at descriptors of another process needs its user and group, and its capabilities, at
    // least (ptrace(2), "Ptrace access mode checking").
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_capset,
    libc::SYS_prctl,
    libc::SYS_landlock_restrict_self,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// A bit for each of them: this is asked at every call.
const IS_ONE: [u64; 8] = {
    let mut words = [0; 8];
    let mut next = 0;
    while next < CALLS.len() {
        words[CALLS[next] as usize / 64] |= 1 << (CALLS[next] % 64);
        next += 1;
    }
    words
};

/// Whether a call may have an effect.
#[inline(always)]
pub(crate) fn concerns(number: i64) -> bool {
    // Negative ones become large ones.
    IS_ONE.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
}

/// The namespaces in which a path may mean something else, or nothing.
const NAMESPACES: i64 = (libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNS) as i64;

/// What one of them does, if it succeeds.
pub(super) fn effect(number: i64, args: &[i64; 6]) -> Effect {
    let may_put_out_of_reach = match number {
        libc::SYS_execve | libc::SYS_execveat => return Effect::StartsProgram,
        libc::SYS_unshare | libc::SYS_clone => args[0] & NAMESPACES != 0,
        libc::SYS_clone3 => flags_of_clone3(args[0].cast_unsigned()) & NAMESPACES != 0,
        libc::SYS_prctl => matches!(args[0] as i32, libc::PR_CAPBSET_DROP | libc::PR_SET_SECUREBITS),
        _ => concerns(number),
    };
    if may_put_out_of_reach { Effect::MayPutOutOfReach } else { Effect::None }
}

/// The first member of its structure. Not by `process_vm_readv`: threads are made in sandboxes that kill for that.
fn flags_of_clone3(address: u64) -> i64 {
    if !is_readable(address) {
        return 0;
    }
    // SAFETY: can be read, as was just asked. A program in which another thread takes the memory away meanwhile would have its own
    // call read from there.
    unsafe { std::ptr::read_unaligned(address as *const i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_within_reach_is_left_alone() {
        let effects = |number: i64, first: i64| effect(number, &[first, 0, 0, 0, 0, 0]);
        let user = i64::from(libc::CLONE_NEWUSER);
        let (with, without) = ([user | 17, 0, 0], [17, 0, 0]);
        for (number, leaves, stays) in [
            (libc::SYS_unshare, user, libc::CLONE_FILES.into()),
            (libc::SYS_clone, libc::CLONE_NEWPID.into(), i64::from(libc::CLONE_VM | libc::CLONE_NEWNET)),
            (libc::SYS_clone3, with.as_ptr() as i64, without.as_ptr() as i64),
            (libc::SYS_clone3, with.as_ptr() as i64, 1),
            (libc::SYS_prctl, libc::PR_CAPBSET_DROP.into(), libc::PR_SET_NAME.into()),
        ] {
            assert_eq!(effects(number, leaves), Effect::MayPutOutOfReach, "{number}");
            assert_eq!(effects(number, stays), Effect::None, "{number}");
        }
        assert_eq!(effects(libc::SYS_execve, 0), Effect::StartsProgram);
        assert_eq!(effects(libc::SYS_chroot, 0), Effect::MayPutOutOfReach);
    }

    #[test]
    fn the_bits_are_those_of_the_list() {
        let concerning: Vec<i64> = (-1000..2000).filter(|&number| concerns(number)).collect();
        let mut listed = CALLS.to_vec();
        listed.sort_unstable();
        assert_eq!(concerning, listed);
    }
}
