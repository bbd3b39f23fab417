//! The build-id: whether a file is the one that was mapped.

/// The contents of an object's `NT_GNU_BUILD_ID` note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildId(pub Vec<u8>);

/// `NT_GNU_BUILD_ID` of elf.h.
const NT_GNU_BUILD_ID: u32 = 3;

impl BuildId {
    /// Finds the build-id in the bytes of a `PT_NOTE` segment.
    pub fn find(mut notes: &[u8]) -> Option<BuildId> {
        // A note is three words (length of the name, length of the contents, type), then both, each padded to four bytes.
        loop {
            let (header, rest) = notes.split_at_checked(12)?;
            let word = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
            let (name_length, length, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
            let name = rest.get(..name_length)?;
            let rest = rest.get(name_length.next_multiple_of(4)..)?;
            let contents = rest.get(..length)?;
            if kind == NT_GNU_BUILD_ID && name == b"GNU\0" {
                return Some(BuildId(contents.to_vec()));
            }
            notes = rest.get(length.next_multiple_of(4)..)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(name: &[u8], kind: u32, contents: &[u8]) -> Vec<u8> {
        let mut note = Vec::new();
        note.extend((name.len() as u32).to_le_bytes());
        note.extend((contents.len() as u32).to_le_bytes());
        note.extend(kind.to_le_bytes());
        note.extend(name);
        note.resize(note.len().next_multiple_of(4), 0);
        note.extend(contents);
        note.resize(note.len().next_multiple_of(4), 0);
        note
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let notes =
            [note(b"GNU\0", 1, &[0; 16]), note(b"stapsdt\0", 3, b"probe"), note(b"GNU\0", 3, &[7; 20])].concat();
        assert_eq!(BuildId::find(&notes), Some(BuildId(vec![7; 20])));
    }

    #[test]
    fn notes_cut_short_hold_no_build_id() {
        let notes = note(b"GNU\0", 3, &[7; 20]);
        for length in 0..notes.len() {
            assert_eq!(BuildId::find(&notes[..length]), None, "of {length} bytes");
        }
    }
}
