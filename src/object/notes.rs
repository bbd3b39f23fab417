//! What an object's notes say: its build-id, and whether Go made it.

/// The contents of an object's `NT_GNU_BUILD_ID` note, which say whether a file is the one that was mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildId(pub Vec<u8>);

/// `NT_GNU_BUILD_ID` of elf.h.
const NT_GNU_BUILD_ID: u32 = 3;
/// `ELF_NOTE_GOBUILDID_TAG` of Go's linker (cmd/link/internal/ld/elf.go).
const GO_BUILD_ID: u32 = 4;

impl BuildId {
    /// Finds the build-id in the bytes of a `PT_NOTE` segment.
    pub fn find(notes: &[u8]) -> Option<BuildId> {
        find(notes, b"GNU\0", NT_GNU_BUILD_ID).map(|contents| BuildId(contents.to_vec()))
    }
}

/// Whether Go's linker has written these notes.
pub(crate) fn is_of_go(notes: &[u8]) -> bool {
    find(notes, b"Go\0\0", GO_BUILD_ID).is_some()
}

/// The contents of the first note of an owner and a type.
fn find<'a>(mut notes: &'a [u8], owner: &[u8], kind: u32) -> Option<&'a [u8]> {
    // A note is three words (length of the name, length of the contents, type), then both, each padded to four bytes.
    loop {
        let (header, rest) = notes.split_at_checked(12)?;
        let word = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let (name_length, length) = (word(0)? as usize, word(4)? as usize);
        let name = rest.get(..name_length)?;
        let rest = rest.get(name_length.next_multiple_of(4)..)?;
        let contents = rest.get(..length)?;
        if word(8)? == kind && name == owner {
            return Some(contents);
        }
        notes = rest.get(length.next_multiple_of(4)..)?;
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
    fn go_is_known_by_its_own_note() {
        assert!(is_of_go(&[note(b"GNU\0", 3, &[7; 20]), note(b"Go\0\0", 4, b"abc/def")].concat()));
        assert!(!is_of_go(&note(b"GNU\0", 4, b"abc/def")));
    }

    #[test]
    fn notes_cut_short_hold_no_build_id() {
        let notes = note(b"GNU\0", 3, &[7; 20]);
        for length in 0..notes.len() {
            assert_eq!(BuildId::find(&notes[..length]), None, "of {length} bytes");
        }
    }
}
