//! What traced programs have done, call by call: from the shared memory they write into, through a file perhaps, to what people or
//! other programs read.
//!
//! ```text
//! rings --collector--> entries --+--> a format        intercept trace
//!                                +--> a record file   intercept record
//! record file -------> entries -----> a format        intercept report
//! ```

pub(crate) mod collector;
pub(crate) mod ends;
pub(crate) mod entry;
pub(crate) mod file;
pub(crate) mod format;
mod pairing;
