//! What a line is about.

/// A system call on its way to the kernel or back.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The number in `rax`; need not be one the kernel knows.
    pub number: i64,
    /// `rdi`, `rsi`, `rdx`, `r10`, `r8` and `r9`, used by the call or not.
    pub args: [i64; 6],
    /// Path of the object that holds the `syscall` instruction.
    pub object: &'a [u8],
    /// Where in the file of that object the instruction is, in bytes; what `addr2line -e OBJECT` takes.
    pub offset: u64,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not made yet; the line shows `?` for the result.
    Pending,
    /// The kernel's or the hook's answer: a value, or a negated errno in `-4095..=-1`.
    Returned(i64),
}

/// The two ways to spell a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// That of `INTERCEPT_LOG`, as existing programs parse it:
    /// `/lib/libc.so.6 0xf0b34 -- open("f", O_RDWR | O_CREAT, 0644) = -13 EACCES (Permission denied)`.
    DropIn,
    /// That of strace: `open("f", O_RDWR|O_CREAT, 0644) = -1 EACCES (Permission denied)`.
    Trace,
}
