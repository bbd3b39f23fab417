//! What is kept of the environment.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::MARK;
use crate::sys::call;

pub(super) const PRELOAD: &str = "LD_PRELOAD=";

/// Whether a variable is one of those that are kept.
pub(super) fn is_ours(variable: &[u8]) -> bool {
    variable.starts_with(PRELOAD.as_bytes()) || variable.starts_with(b"INTERCEPT_")
}

/// The variables, in memory that stays.
#[derive(Debug)]
pub(super) struct Kept {
    /// The first one is `LD_PRELOAD`.
    pub(super) variables: Vec<Variable>,
    /// The files that `LD_PRELOAD` names by path.
    files: Vec<CString>,
    /// What stands in front of what was added, if all of `LD_PRELOAD` is ours.
    mark: CString,
    /// The same, if the end of it is theirs.
    mark_of_both: CString,
}

/// `NAME=value`
#[derive(Debug)]
pub(super) struct Variable {
    text: CString,
    /// With the `=`.
    name_length: usize,
}

impl Kept {
    /// Everything that makes this program an intercepted one; of `LD_PRELOAD` so many bytes. `None` if it is that without having
    /// been preloaded, or if there are more variables than bits that say which ones are there.
    pub(super) fn from_env(length_of_ours: Option<usize>) -> Option<Kept> {
        let mut preload = std::env::var_os("LD_PRELOAD")?.into_vec();
        preload.truncate(length_of_ours.unwrap_or(preload.len()));
        if preload.is_empty() {
            return None;
        }
        let mark_of_both = CString::new(format!("{MARK}{}", preload.len())).ok()?;
        let names = preload.split(|&byte| matches!(byte, b':' | b' ')).filter(|name| name.contains(&b'/'));
        let files = names.filter_map(|name| CString::new(name).ok()).collect();
        let others = std::env::vars_os().filter(|(name, _)| {
            let name = name.as_bytes();
            name.starts_with(b"INTERCEPT_") && name != b"INTERCEPT_KEEP"
        });
        let preload = Variable::new(OsStr::new("LD_PRELOAD"), &preload)?;
        let others = others.filter_map(|(name, value)| Variable::new(&name, value.as_bytes()));
        let variables: Vec<Variable> = std::iter::once(preload).chain(others).collect();
        let has_bits = variables.len() < u64::BITS as usize;
        has_bits.then_some(Kept { variables, files, mark: CString::new(MARK).ok()?, mark_of_both })
    }

    /// Whether the files are where they were, for this process and so for the program it becomes.
    pub(super) fn can_be_preloaded(&self) -> bool {
        self.files.iter().all(|file| call::status_at(file).is_ok())
    }

    /// What stands in front of what was added.
    pub(super) fn mark(&self, is_of_both: bool) -> &CStr {
        if is_of_both { &self.mark_of_both } else { &self.mark }
    }

    /// The value of `LD_PRELOAD`.
    pub(super) fn preload(&self) -> &[u8] {
        self.variables.first().and_then(|variable| variable.text.to_bytes().get(PRELOAD.len()..)).unwrap_or_default()
    }
}

impl Variable {
    fn new(name: &OsStr, value: &[u8]) -> Option<Variable> {
        let mut text = name.as_bytes().to_vec();
        text.push(b'=');
        let name_length = text.len();
        text.extend_from_slice(value);
        Some(Variable { text: CString::new(text).ok()?, name_length })
    }

    /// With the `=`.
    pub(super) fn name(&self) -> &[u8] {
        self.text.to_bytes().get(..self.name_length).unwrap_or_default()
    }

    /// Where the kernel finds it.
    pub(super) fn address(&self) -> u64 {
        self.text.as_ptr() as u64
    }
}
