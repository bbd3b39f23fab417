//! One frame of a stack, as it is shown.

use std::fmt;

/// A place in a function from which something was called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Frame {
    /// The path of the file that the code is in; empty if it is in none: made at run time.
    pub(crate) file: String,
    /// The function, as its source names it; empty if that is not known.
    pub(crate) function: String,
    /// How far into the function.
    pub(crate) into: u64,
    /// Where in the file; in memory, if there is no file.
    pub(crate) offset: u64,
}

/// Stands for frames that were not copied.
const MORE: &str = "...";

impl Frame {
    /// A place that is in no file.
    pub(super) fn nowhere(address: u64) -> Frame {
        Frame { offset: address, ..Frame::default() }
    }

    /// What stands for the rest of a stack that was too deep.
    pub(super) fn more() -> Frame {
        Frame { function: MORE.to_owned(), ..Frame::default() }
    }

    /// The name of the function, or what there is instead of it: the name of the file, or where in memory the code was.
    pub(crate) fn name(&self) -> String {
        match (self.function.as_str(), self.file.rsplit('/').next().unwrap_or_default()) {
            ("", "") => format!("[{:#x}]", self.offset),
            ("", file) => format!("[{file}]"),
            (function, _) => function.to_owned(),
        }
    }
}

/// As strace's `-k` shows it.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frame { file, function, into, offset } = self;
        match (file.as_str(), function.as_str()) {
            ("", "") => write!(f, "[{offset:#x}]"),
            ("", MORE) => f.write_str(MORE),
            (_, "") => write!(f, "{file}() [{offset:#x}]"),
            _ => write!(f, "{file}({function}+{into:#x}) [{offset:#x}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_strace_prints_them() {
        let frame =
            Frame { file: "/lib/libc.so.6".to_owned(), function: "open".to_owned(), into: 0x5b, offset: 0xf3ab1 };
        assert_eq!(frame.to_string(), "/lib/libc.so.6(open+0x5b) [0xf3ab1]");
        let stripped = Frame { function: String::new(), ..frame };
        assert_eq!(stripped.to_string(), "/lib/libc.so.6() [0xf3ab1]");
        assert_eq!(Frame::nowhere(0x7f00).to_string(), "[0x7f00]");
        assert_eq!(
            [stripped, Frame::nowhere(16), Frame::more()].map(|frame| frame.name()),
            ["[libc.so.6]", "[0x10]", "..."]
        );
    }
}
