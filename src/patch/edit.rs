//! The bytes to write.

use crate::object::Image;

use super::{
    plan::Patch,
    window::{LONG_JUMP, SHORT_JUMP},
};

/// What fills a window behind its jump: `int3`. Nobody comes there, and whoever does should not run on.
const FILLER: u8 = 0xcc;

/// Bytes to write, each at its address. All in one buffer: there are hundreds of a few bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    places: Vec<Place>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    address: u64,
    /// Where in the buffer.
    start: u32,
    length: u32,
}

impl Edits {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The addresses and what to write there.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.places.iter().map(|place| (place.address, &self.bytes[place.start as usize..][..place.length as usize]))
    }

    /// Adds bytes to write.
    pub fn push(&mut self, address: u64, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.places.push(Place { address, start: start as u32, length: bytes.len() as u32 });
    }

    /// Makes the last ones longer.
    fn fill(&mut self, length: usize) {
        if let Some(last) = self.places.last_mut() {
            self.bytes.resize(last.start as usize + length, FILLER);
            last.length = length as u32;
        }
    }

    /// What the image has where they will be written, in the order of the buffer.
    pub(super) fn replaced(&self, image: &Image<'_>) -> Option<Vec<u8>> {
        let mut old = vec![0; self.bytes.len()];
        for place in &self.places {
            let bytes = image.bytes(place.address, place.length as usize)?;
            old[place.start as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        Some(old)
    }

    /// The same places with other bytes.
    pub(super) fn with(self, bytes: Vec<u8>) -> Edits {
        Edits { bytes, ..self }
    }

    /// Sorts them by their addresses. They are nearly sorted, which this kind of sorting makes use of.
    pub(super) fn sort(&mut self) {
        self.places.sort_by_key(|place| place.address);
    }
}

impl Patch {
    /// Adds what to write so that the site leads to a stub at this address; nothing where the site is left alone. `None`, and
    /// nothing added, if the stub is out of reach.
    pub fn edits(&self, stub: u64, edits: &mut Edits) -> Option<()> {
        if !self.rung.is_taken() {
            return Some(());
        }
        let length = usize::try_from(self.window.end - self.window.start).ok()?;
        let start = self.window.start;
        match self.island {
            None => edits.push(start, &long_jump(start, stub)?),
            Some(island) => {
                let (long, short) = (long_jump(island, stub)?, short_jump(start, island)?);
                edits.push(island, &long);
                edits.push(start, &short);
            }
        }
        edits.fill(length);
        Some(())
    }
}

fn long_jump(from: u64, to: u64) -> Option<[u8; LONG_JUMP as usize]> {
    let distance = to.wrapping_sub(from.wrapping_add(LONG_JUMP)).cast_signed();
    let [a, b, c, d] = i32::try_from(distance).ok()?.to_le_bytes();
    Some([0xe9, a, b, c, d])
}

fn short_jump(from: u64, to: u64) -> Option<[u8; SHORT_JUMP as usize]> {
    let distance = to.wrapping_sub(from.wrapping_add(SHORT_JUMP)).cast_signed();
    Some([0xeb, i8::try_from(distance).ok()?.cast_unsigned()])
}
