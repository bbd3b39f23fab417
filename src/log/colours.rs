//! What makes parts of a trace stand out on a terminal (ECMA-48, SGR).

use super::line::Line;
use super::options::Options;

/// What has failed: red.
pub(super) const FAILURE: &str = "\x1b[31m";
/// A signal: yellow.
pub(super) const SIGNAL: &str = "\x1b[33m";
/// An end: blue.
pub(super) const END: &str = "\x1b[34m";
const PLAIN: &str = "\x1b[0m";

/// Writes something in a colour, if colours are asked for.
#[inline]
pub(super) fn coloured(line: &mut Line, options: Options, colour: &str, write: impl FnOnce(&mut Line)) {
    if !options.colours {
        return write(line);
    }
    line.text(colour);
    write(line);
    line.text(PLAIN);
}
