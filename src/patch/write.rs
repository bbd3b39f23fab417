//! Applying a plan to the code in memory, and undoing it.
#![allow(unsafe_code, reason = "changes code that is mapped into the process")]

use super::Edit;
use crate::object::Image;
use crate::sys::call::Errno;
use crate::sys::text::TextWriter;

/// Why a site could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// The bytes to replace are not those of the image the plan was made from.
    NotThere,
    /// The kernel refuses to have the code changed.
    Refused(Errno),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NotThere => write!(f, "its code is not where the program headers say"),
            Error::Refused(errno) => write!(f, "the kernel refuses to have the code changed: {errno}"),
        }
    }
}

/// The edits of one site, with what was there before.
#[derive(Debug)]
pub(crate) struct Applied {
    replaced: Vec<(Edit, Vec<u8>)>,
}

/// Applies the edits of one site in their order, all or none.
///
/// # Safety
///
/// The image is mapped here and executable, the stub the edits lead to is in place, and no other thread is executing the
/// bytes of the window.
pub(crate) unsafe fn apply(writer: &TextWriter, image: &Image<'_>, edits: Vec<Edit>) -> Result<Applied, Error> {
    let mut applied = Applied { replaced: Vec::with_capacity(edits.len()) };
    for edit in edits {
        let Some(old) = image.bytes(edit.address, edit.bytes.len()).map(<[u8]>::to_vec) else {
            // SAFETY: nobody has seen these edits for longer than this function took.
            unsafe { applied.undo(writer) }?;
            return Err(Error::NotThere);
        };
        // SAFETY: passed on.
        if let Err(errno) = unsafe { writer.replace(edit.address, &old, &edit.bytes) } {
            // SAFETY: as above.
            unsafe { applied.undo(writer) }?;
            return Err(Error::Refused(errno));
        }
        applied.replaced.push((edit, old));
    }
    Ok(applied)
}

impl Applied {
    /// Puts the old bytes back. The stub must stay: a thread may be inside it.
    ///
    /// # Safety
    ///
    /// As for [`apply`].
    pub(crate) unsafe fn undo(&self, writer: &TextWriter) -> Result<(), Error> {
        for (edit, old) in self.replaced.iter().rev() {
            // SAFETY: passed on.
            unsafe { writer.replace(edit.address, &edit.bytes, old) }.map_err(Error::Refused)?;
        }
        Ok(())
    }
}
