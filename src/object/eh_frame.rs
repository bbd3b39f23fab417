//! Function bounds from the unwind table.
//!
//! `.eh_frame_hdr` (`PT_GNU_EH_FRAME`) is a sorted table of pairs (start of a function, address of its FDE); the FDE holds
//! the length. Formats: Linux Standard Base, "Exception Frames". Only the encodings that linkers write into that table are
//! read (`DW_EH_PE_datarel | DW_EH_PE_sdata4`), and only the FDE pointers compilers for x86_64 write (four or eight bytes,
//! relative or absolute); anything else answers `None`, and the caller looks for bounds elsewhere.

use std::ops::Range;

use super::Image;

const DATAREL_SDATA4: u8 = 0x3b;
const PCREL_SDATA4: u8 = 0x1b;
const UDATA4: u8 = 0x03;
const OMIT: u8 = 0xff;
/// More functions than any object has, by a factor of ten: bounds the memory a hostile table can cost.
const MOST_FUNCTIONS: usize = 1 << 24;

/// Reads the bounds of all functions that have an FDE, sorted by their starts.
///
/// `header` is the address of `.eh_frame_hdr`. `None` if there is no table, or one this reader does not understand.
pub fn functions(image: &Image<'_>, header: u64) -> Option<Vec<Range<u64>>> {
    let bytes = image.tail(header)?;
    let &[version, frame_encoding, count_encoding, table_encoding, ref rest @ ..] = bytes else { return None };
    if version != 1 || table_encoding != DATAREL_SDATA4 || count_encoding != UDATA4 {
        return None;
    }
    let rest = match frame_encoding {
        OMIT => rest,
        PCREL_SDATA4 | DATAREL_SDATA4 | UDATA4 => rest.get(4..)?,
        _ => return None,
    };
    let (count, table) = rest.split_at_checked(4)?;
    let count = u32::from_le_bytes(count.try_into().ok()?) as usize;
    let entries = table.get(..count.min(MOST_FUNCTIONS).checked_mul(8)?)?.chunks_exact(8);

    let mut lengths = Lengths { image, frames: Slice::around(image, header)?, cie: 0, encoding: None };
    let mut functions = Vec::with_capacity(entries.len());
    for entry in entries {
        let (start, fde) = (relative(header, entry, 0)?, relative(header, entry, 4)?);
        // A function whose FDE cannot be read has a start but no known end; the next one's start bounds it then.
        let length = lengths.of(fde).unwrap_or(0);
        functions.push(start..start.saturating_add(length));
    }
    // Linkers sort the table.
    if !functions.is_sorted_by_key(|function: &Range<u64>| function.start) {
        functions.sort_by_key(|function| function.start);
    }
    Some(functions)
}

/// An `sdata4` at an offset, added to a base.
fn relative(base: u64, bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    base.checked_add_signed(i32::from_le_bytes(bytes).into())
}

/// Bytes, and their address.
struct Slice<'a> {
    address: u64,
    bytes: &'a [u8],
}

impl<'a> Slice<'a> {
    /// The segment an address lies in.
    fn around(image: &Image<'a>, address: u64) -> Option<Slice<'a>> {
        image.segment(address).map(|segment| Slice { address: segment.address, bytes: segment.bytes })
    }

    fn array<const LENGTH: usize>(&self, address: u64) -> Option<&'a [u8; LENGTH]> {
        let offset = usize::try_from(address.checked_sub(self.address)?).ok()?;
        self.bytes.get(offset..)?.first_chunk()
    }
}

/// Reads the lengths out of FDEs, remembering the CIE of the last one: thousands of FDEs share one CIE.
struct Lengths<'a> {
    image: &'a Image<'a>,
    /// The segment of the table: linkers put the FDEs next to it.
    frames: Slice<'a>,
    cie: u64,
    encoding: Option<u8>,
}

impl<'a> Lengths<'a> {
    /// The length of the function an FDE is about.
    fn of(&mut self, fde: u64) -> Option<u64> {
        // length (4), distance back to the CIE (4), start of the function, its length, ...
        let [_, _, _, _, distance @ ..] = *self.read::<8>(fde)?;
        let cie = fde.checked_add(4)?.checked_sub(u32::from_le_bytes(distance).into())?;
        if self.cie != cie {
            (self.cie, self.encoding) = (cie, self.pointer_encoding(cie));
        }
        // The length is encoded like the start, but is never relative to anything.
        match self.encoding? & 0x0f {
            0x03 | 0x0b => Some(u32::from_le_bytes(*self.read(fde.checked_add(12)?)?).into()),
            0x00 | 0x04 | 0x0c => Some(u64::from_le_bytes(*self.read(fde.checked_add(16)?)?)),
            _ => None,
        }
    }

    fn read<const LENGTH: usize>(&self, address: u64) -> Option<&'a [u8; LENGTH]> {
        self.frames.array(address).or_else(|| self.image.bytes(address, LENGTH)?.first_chunk())
    }

    /// How the FDEs of a CIE write addresses: the augmentation `R`.
    fn pointer_encoding(&self, cie: u64) -> Option<u8> {
        // length (4), zero (4), version (1), augmentation string
        let bytes = self.image.tail(cie)?.get(9..)?;
        let end = bytes.iter().take(16).position(|&byte| byte == 0)?;
        let (augmentation, rest) = (bytes.get(..end)?, bytes.get(end + 1..)?);
        let Some(b'z') = augmentation.first() else { return Some(0) };
        // code alignment, data alignment, return address register, length of the augmentation data
        let mut data = rest;
        for _ in 0..4 {
            data = skip_leb128(data)?;
        }
        for letter in augmentation.get(1..)? {
            match letter {
                b'R' => return data.first().copied(),
                b'S' | b'B' => {}
                b'L' => data = data.get(1..)?,
                b'P' => data = data.get(1 + pointer_size(*data.first()?)?..)?,
                _ => return None,
            }
        }
        Some(0)
    }
}

/// The bytes behind a LEB128 number.
fn skip_leb128(bytes: &[u8]) -> Option<&[u8]> {
    let last = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    bytes.get(last + 1..)
}

/// The size of a pointer in an encoding that has one.
fn pointer_size(encoding: u8) -> Option<usize> {
    match encoding & 0x0f {
        0x02 | 0x0a => Some(2),
        0x03 | 0x0b => Some(4),
        0x00 | 0x04 | 0x0c => Some(8),
        _ => None,
    }
}
