//! The writes by which test programs of the original library switch its log on and off.
//!
//! They come from a time without an API for it: `write(123, "SYSCALL_INTERCEPT_TEST_START_LOG\0", 33, path, truncate)` and
//! `write(123, "SYSCALL_INTERCEPT_TEST_STOP_LOG\0", 32)`. The original compares as many bytes as the caller passes, so that it
//! swallows `write(123, anything, 0)` of an unsuspecting program; here the length has to be right first.

use super::memory::{self, Memory};

const DESCRIPTOR: i32 = 123;
const START: &[u8; 33] = b"SYSCALL_INTERCEPT_TEST_START_LOG\0";
const STOP: &[u8; 32] = b"SYSCALL_INTERCEPT_TEST_STOP_LOG\0";

/// What such a write asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    /// Log into the file whose path is at this address of the program.
    Start {
        /// Where the path is.
        path: u64,
        /// Whether the file is to be emptied first.
        truncate: bool,
    },
    /// Stop logging.
    Stop,
}

impl Magic {
    /// What the write returns: the length it was asked to write.
    pub(crate) fn result(self) -> i64 {
        match self {
            Magic::Start { .. } => START.len() as i64,
            Magic::Stop => STOP.len() as i64,
        }
    }
}

/// Whether a call is such a write. Looks at memory only if descriptor and length are right.
pub(crate) fn recognise(number: i64, args: &[i64; 6], memory: &dyn Memory) -> Option<Magic> {
    let &[descriptor, text, length, path, truncate, _] = args;
    if number != libc::SYS_write || descriptor as i32 != DESCRIPTOR {
        return None;
    }
    if length == START.len() as i64 && memory::array(memory, text.cast_unsigned()) == Some(*START) {
        return Some(Magic::Start {
            path: path.cast_unsigned(),
            truncate: truncates(memory, truncate.cast_unsigned()),
        });
    }
    let stops = length == STOP.len() as i64 && memory::array(memory, text.cast_unsigned()) == Some(*STOP);
    stops.then_some(Magic::Stop)
}

/// A string that starts with `0` says no; so read, a missing one says yes.
fn truncates(memory: &dyn Memory, text: u64) -> bool {
    memory::array(memory, text) != Some(*b"0")
}

#[cfg(test)]
mod tests {
    use super::super::memory::fake::Pieces;
    use super::*;

    fn memory() -> Pieces {
        Pieces(vec![
            (0x1000, START.to_vec()),
            (0x2000, STOP.to_vec()),
            (0x3000, b"0\0".to_vec()),
            (0x4000, b"1\0".to_vec()),
        ])
    }

    fn write(fd: i64, text: i64, length: i64, truncate: i64) -> Option<Magic> {
        recognise(libc::SYS_write, &[fd, text, length, 0x7777, truncate, 0], &memory())
    }

    #[test]
    fn both_messages_are_recognised() {
        assert_eq!(write(123, 0x1000, 33, 0x3000), Some(Magic::Start { path: 0x7777, truncate: false }));
        assert_eq!(write(123, 0x1000, 33, 0x4000), Some(Magic::Start { path: 0x7777, truncate: true }));
        assert_eq!(write(123, 0x1000, 33, 0), Some(Magic::Start { path: 0x7777, truncate: true }));
        assert_eq!(write(123, 0x2000, 32, 0), Some(Magic::Stop));
        assert_eq!(write(123, 0x1000, 33, 0).map(Magic::result), Some(33));
        assert_eq!(write(123, 0x2000, 32, 0).map(Magic::result), Some(32));
    }

    #[test]
    fn an_ordinary_write_to_the_same_descriptor_is_left_alone() {
        for (fd, text, length) in [
            (123, 0x1000, 0),
            (123, 0x1000, 32),
            (123, 0x2000, 33),
            (123, 0x2000, 7),
            (122, 0x1000, 33),
            (123, 0x9000, 33),
        ] {
            assert_eq!(write(fd, text, length, 0), None, "{fd} {text:#x} {length}");
        }
        assert_eq!(recognise(libc::SYS_read, &[123, 0x1000, 33, 0, 0, 0], &memory()), None);
    }
}
