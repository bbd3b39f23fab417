//! The names of all sets in one string, and where each is in it.
//!
//! Two thousand names, each with a pointer to it, would be two thousand places for the dynamic loader to write to, each time a
//! program starts, on pages that the kernel has to copy for it: most of what loading the library took. Most programs never look
//! at one. So there is no pointer in here.

use super::{DECLARED, Declared};

/// A number that has a name.
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct Member {
    value: u32,
    /// Where in [`TEXT`].
    start: u16,
    length: u8,
}

impl Member {
    pub(in crate::log) fn value(self) -> u64 {
        self.value.into()
    }

    pub(in crate::log) fn name(self) -> &'static str {
        let start = usize::from(self.start);
        TEXT.get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}

/// Before the members of a set, as if they were some: what stands for none of them, with their number as its value; and what is
/// said of others.
const HEAD: usize = 2;

const fn size_of_all() -> (usize, usize) {
    let (mut all, mut text) = (0, 0);
    let mut file = 0;
    while file < DECLARED.len() {
        let mut set = 0;
        while set < DECLARED[file].len() {
            let Declared { members, zero, unknown, .. } = DECLARED[file][set];
            all += HEAD + members.len();
            text += zero.len() + unknown.len();
            let mut member = 0;
            while member < members.len() {
                text += members[member].1.len();
                member += 1;
            }
            set += 1;
        }
        file += 1;
    }
    (all, text)
}

const SIZE: (usize, usize) = size_of_all();

struct Packed {
    members: [Member; SIZE.0],
    text: [u8; SIZE.1],
    /// How many there are so far.
    used: (usize, usize),
}

impl Packed {
    const fn push(&mut self, value: u64, name: &str) {
        let (count, start) = self.used;
        assert!(value <= u32::MAX as u64 && start <= u16::MAX as usize && name.len() <= u8::MAX as usize);
        self.members[count] = Member { value: value as u32, start: start as u16, length: name.len() as u8 };
        let mut at = 0;
        while at < name.len() {
            self.text[start + at] = name.as_bytes()[at];
            at += 1;
        }
        self.used = (count + 1, start + name.len());
    }

    const fn all() -> Packed {
        let none = Member { value: 0, start: 0, length: 0 };
        let mut packed = Packed { members: [none; SIZE.0], text: [0; SIZE.1], used: (0, 0) };
        let mut file = 0;
        while file < DECLARED.len() {
            let mut set = 0;
            while set < DECLARED[file].len() {
                let Declared { members, zero, unknown, .. } = DECLARED[file][set];
                packed.push(members.len() as u64, zero);
                packed.push(0, unknown);
                let mut member = 0;
                while member < members.len() {
                    packed.push(members[member].0, members[member].1);
                    member += 1;
                }
                set += 1;
            }
            file += 1;
        }
        packed
    }
}

const ALL: Packed = Packed::all();

static MEMBERS: [Member; SIZE.0] = ALL.members;

const TEXT: &str = match std::str::from_utf8(&ALL.text) {
    Ok(text) => text,
    Err(_) => panic!("names are identifiers"),
};

/// Where the names of a set begin. A set that is not among the declared ones does not compile.
pub(super) const fn first_of(path: &str) -> u16 {
    let mut first = 0;
    let mut file = 0;
    while file < DECLARED.len() {
        let mut set = 0;
        while set < DECLARED[file].len() {
            if is_same(DECLARED[file][set].path.as_bytes(), path.as_bytes()) {
                return first;
            }
            first += (HEAD + DECLARED[file][set].members.len()) as u16;
            set += 1;
        }
        file += 1;
    }
    panic!("the file of this set is not in DECLARED")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

pub(super) fn zero(first: u16) -> &'static str {
    MEMBERS.get(usize::from(first)).map_or("", |member| member.name())
}

pub(super) fn unknown(first: u16) -> &'static str {
    MEMBERS.get(usize::from(first) + 1).map_or("", |member| member.name())
}

pub(super) fn members(first: u16) -> &'static [Member] {
    let first = usize::from(first);
    let count = MEMBERS.get(first).map_or(0, |head| head.value as usize);
    MEMBERS.get(first + HEAD..first + HEAD + count).unwrap_or_default()
}
