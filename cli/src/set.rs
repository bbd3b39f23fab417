//! Sets of system calls, written as for strace: `openat,close`, `%network`, `/^mk`, `!%memory`, `all`, `none`, `257`.

mod groups;

use std::collections::BTreeSet;

use regex_lite::Regex;
use syscall_intercept::Sysno;

use crate::error::Error;
use groups::GROUPS;

/// Numbers below this can be in a set. Linux is far from having as many, and the library takes all others for one.
const END: u32 = 1023;

/// What strace also lets be written without a `%`.
const WITHOUT_SIGN: [&str; 7] = ["desc", "file", "ipc", "memory", "network", "process", "signal"];

/// Some system calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    listed: BTreeSet<u32>,
    /// The set is all but these. Calls that are too new to have a name here are in it then.
    inverted: bool,
}

impl Set {
    /// Every call.
    pub(crate) fn all() -> Set {
        Set { listed: BTreeSet::new(), inverted: true }
    }

    /// The set that is described by a text; where it names what is not there, the error says what may have been meant.
    pub(crate) fn parse(text: &str) -> Result<Set, Error> {
        let (text, inverted) = match text.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let set = match text {
            "none" => Set { inverted: false, ..Set::all() },
            "all" => Set::all(),
            _ => {
                let parts: Result<Vec<Vec<u32>>, Error> = text.split(',').map(part).collect();
                Set { listed: parts?.into_iter().flatten().collect(), inverted: false }
            }
        };
        Ok(Set { inverted: set.inverted != inverted, ..set })
    }

    /// Whether a call is in the set.
    pub(crate) fn contains(&self, number: u32) -> bool {
        self.listed.contains(&number) != self.inverted
    }

    /// The numbers in the set, in their order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..END).filter(|&number| self.contains(number))
    }
}

/// One element of a list.
fn part(text: &str) -> Result<Vec<u32>, Error> {
    // The question mark allows calls that do not exist on this machine: scripts for several machines have it.
    let (name, may_be_missing) = match text.strip_prefix('?') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let found = match name.strip_prefix('/') {
        Some(pattern) => matching(pattern)?,
        // strace sees programs for 32 bits, too.
        None => named(name.strip_suffix("@64").unwrap_or(name)),
    };
    if found.is_empty() && !may_be_missing { Err(unknown(name)) } else { Ok(found) }
}

/// What a name, a number or the name of a group stands for; nothing if it is none.
fn named(name: &str) -> Vec<u32> {
    if let Ok(number) = name.parse::<u32>() {
        return Vec::from_iter((number < END).then_some(number));
    }
    if let Ok(call) = name.parse::<Sysno>() {
        return vec![call as u32];
    }
    let group = match name.strip_prefix('%') {
        Some("network") => "net",
        Some(group) => group,
        None if name == "network" => "net",
        None if WITHOUT_SIGN.contains(&name) => name,
        None => return Vec::new(),
    };
    let calls = GROUPS.iter().find(|(name, _)| *name == group).map_or(&[][..], |(_, calls)| calls);
    calls.iter().map(|&call| call as u32).collect()
}

/// The calls whose names an expression matches somewhere.
fn matching(pattern: &str) -> Result<Vec<u32>, Error> {
    let regex = Regex::new(pattern).map_err(|error| {
        Error::new(format_args!("/{pattern}: not a regular expression ({error}); try a name alone"))
    })?;
    Ok(Sysno::iter().filter(|call| regex.is_match(call.name())).map(|call| call as u32).collect())
}

fn unknown(name: &str) -> Error {
    if name.is_empty() {
        return Error::new("a list of system calls has an empty element; name one, as in openat,close");
    }
    if name.starts_with('/') {
        return Error::new(format_args!("{name}: matches no system call; `intercept sites` shows names"));
    }
    if name.parse::<u64>().is_ok() {
        return Error::new(format_args!("{name}: no system call has this number; they end before {END}"));
    }
    let groups = GROUPS.iter().map(|(group, _)| format!("%{group}")).chain(["%network".to_owned()]);
    let calls = Sysno::iter().map(|call| call.name().to_owned());
    let alike = |candidate: &String| strsim::jaro(candidate, name);
    let best = groups.chain(calls).filter(|candidate| alike(candidate) > 0.7);
    let best = best.max_by(|one, other| alike(one).total_cmp(&alike(other)));
    match best {
        Some(best) => Error::new(format_args!("{name}: no such system call; is it {best}?")),
        None => Error::new(format_args!("{name}: no such system call or group; examples: openat, %file, /^mk, 257")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str) -> String {
        let set = Set::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let names: Vec<&str> = set.numbers().filter_map(|n| Sysno::new(n as usize)).map(|call| call.name()).collect();
        names.join(" ")
    }

    #[track_caller]
    fn refusal(text: &str) -> String {
        Set::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn names_numbers_groups_and_expressions_can_be_listed() {
        assert_eq!(names("openat,close"), "close openat");
        assert_eq!(names("257,3,openat@64"), "close openat");
        assert_eq!(names("%lstat,/^mkdir"), "lstat mkdir mkdirat");
        assert_eq!(names("/^[fl]stat$,/^mq_u"), "fstat lstat mq_unlink");
        assert_eq!(names("%net"), names("network"));
        assert_eq!(names("stat"), "stat", "a call before a group");
    }

    #[test]
    fn all_but_some_includes_calls_that_have_no_name_yet() {
        let set = Set::parse("!read,%file").expect("a set");
        assert!(!set.contains(0) && !set.contains(257) && set.contains(1) && set.contains(600));
        assert_eq!(Set::parse("!none").ok(), Some(Set::all()));
        assert_eq!(Set::parse("all").ok(), Some(Set::all()));
        assert_eq!(names("none") + &names("!all"), "");
        assert_eq!(Set::all().numbers().count(), END as usize);
    }

    #[test]
    fn a_question_mark_forgives_what_is_missing() {
        assert_eq!(names("?renameat3,close"), "close");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_may_be_right() {
        assert_eq!(refusal("opena"), "opena: no such system call; is it openat?");
        assert_eq!(refusal("read,%netwrk"), "%netwrk: no such system call; is it %network?");
        assert_eq!(refusal("umount"), "umount: no such system call; is it umount2?");
        assert!(refusal("xyzzy").contains("examples: openat"));
        assert!(refusal("read,,write").contains("empty element"));
        assert!(refusal("").contains("empty element"));
        assert!(refusal("/(").contains("not a regular expression"));
        assert!(refusal("/^zz").contains("matches no system call"));
        assert!(refusal("1023").contains("end before 1023"));
        assert!(refusal("all,read").contains("no such system call"));
    }
}
