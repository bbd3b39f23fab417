//! An instruction: what the planner has to know of it to move it.

/// One decoded instruction, with its bytes, at its original address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// Address of the first byte, prefixes included.
    pub address: u64,
    /// What it means for a window that holds it.
    pub kind: Kind,
    /// What it leaves in eax.
    pub eax: Eax,
    bytes: [u8; Self::LONGEST],
    length: u8,
}

/// What an instruction means for a window that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Does the same at every address.
    Plain,
    /// Has an operand relative to its own end.
    RipRelative {
        /// Where in the instruction its 32-bit displacement is.
        displacement: u8,
        /// The address it means.
        target: u64,
    },
    /// Does nothing, in one byte or more.
    Nop,
    /// `ret`: leaves the function, from wherever it stands.
    Return,
    /// A jump, a call, a software interrupt: control goes elsewhere, or may.
    Branch(Branch),
    /// `syscall`, with the prefixes it carries.
    Syscall,
    /// `endbr64` or `endbr32`: under IBT an indirect branch must find it where it is.
    EndBranch,
    /// `int3`, `ud2`, `hlt`: nothing that is meant to be passed.
    Trap,
    /// Cannot stand elsewhere: its operand is relative to its address in a form that nobody re-encodes (`lea (%eip)`).
    Pinned,
}

/// Where a branch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// The target, if it stands in the instruction.
    pub target: Option<u64>,
    /// Whether the next instruction may be executed after it.
    pub falls_through: bool,
}

/// What an instruction leaves in eax, which holds the number of the call at a `syscall`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eax {
    /// What was there before.
    Kept,
    /// This value.
    Constant(u32),
    /// Anything.
    Lost,
}

impl Instruction {
    /// The architecture's limit (Intel SDM vol. 2, 2.3.11); Capstone accepts longer ones, made of redundant prefixes.
    pub const LONGEST: usize = 15;

    /// An instruction of these bytes, or nothing if there are none or more than [`Self::LONGEST`].
    pub(crate) fn new(address: u64, code: &[u8], kind: Kind, eax: Eax) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..code.len())?.copy_from_slice(code);
        let length = u8::try_from(code.len()).ok().filter(|&length| length > 0)?;
        Some(Instruction { address, kind, eax, bytes, length })
    }

    /// The encoded instruction.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Length in bytes, 1 to [`Self::LONGEST`].
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Address of the byte after it.
    pub fn end(&self) -> u64 {
        self.address.wrapping_add(u64::from(self.length))
    }
}

impl std::fmt::Debug for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}: {:02x?} {:?}", self.address, self.bytes(), self.kind)
    }
}
