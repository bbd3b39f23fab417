//! The environment, read without memory or a lock: for the constructor, before it knows that there is any.
#![allow(unsafe_code, reason = "an array of libc")]

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    /// Of libc: the environment, up to a null pointer.
    static environ: *const *const c_char;
}

/// What each variable says: name and value. As `getenv`, not for a moment in which another thread changes one.
fn variables() -> impl Iterator<Item = &'static [u8]> {
    // SAFETY: libc's, which sets it before any constructor of another library runs.
    let first = unsafe { environ };
    let entry = move |index| {
        // SAFETY: within the array: the one before was no null pointer.
        let variable = unsafe { *first.add(index) };
        // SAFETY: a string of the environment.
        (!variable.is_null()).then(|| unsafe { CStr::from_ptr(variable) }.to_bytes())
    };
    (0..).take_while(move |_| !first.is_null()).map_while(entry)
}

/// Whether the name of any begins like this.
pub(crate) fn has_any(prefix: &str) -> bool {
    variables().any(|variable| variable.starts_with(prefix.as_bytes()))
}

/// The value of one.
pub(crate) fn value(name: &str) -> Option<&'static [u8]> {
    let value = |variable: &'static [u8]| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    variables().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let path = std::env::var("PATH").unwrap_or_default();
        assert_eq!(value("PATH"), Some(path.as_bytes()));
        assert_eq!(value("PAT"), None);
        assert!(has_any("PAT") && !has_any("no variable is called this"));
    }
}
