//! An instruction at another address.

use crate::disasm::{Instruction, Kind};

impl Instruction {
    /// The bytes that do at `address` what the instruction does where it stands, and how many of them count. Nothing if what
    /// it refers to is out of reach from there, or if it cannot stand elsewhere.
    pub fn relocated(&self, address: u64) -> Option<([u8; Self::LONGEST], usize)> {
        let length = self.bytes().len();
        let mut bytes = [0; Self::LONGEST];
        bytes[..length].copy_from_slice(self.bytes());
        match self.kind {
            Kind::Plain | Kind::Nop | Kind::Return => {}
            Kind::RipRelative { displacement, target } => {
                let at = usize::from(displacement);
                let end = address.wrapping_add(length as u64);
                let distance = i32::try_from(target.wrapping_sub(end).cast_signed()).ok()?;
                bytes.get_mut(at..at + 4)?.copy_from_slice(&distance.to_le_bytes());
            }
            Kind::Branch(_) | Kind::Syscall | Kind::EndBranch | Kind::Trap | Kind::Pinned => return None,
        }
        Some((bytes, length))
    }
}
