//! The bytes of an ELF object at the addresses its code runs at.
//!
//! Everything that decides (`disasm`, the planner in `patch`) reads objects through this type alone, so the same code works
//! on a library mapped into this process and on a file that `intercept sites` looks at.

/// One loadable segment.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    /// Address of the first byte: where it is mapped, or where the file says it wants to be.
    pub address: u64,
    /// The bytes that come from the file.
    pub bytes: &'a [u8],
    /// Whether the segment holds code.
    pub executable: bool,
    /// Offset of the first byte in the file.
    pub file_offset: u64,
}

impl Segment<'_> {
    fn end(&self) -> u64 {
        self.address.saturating_add(self.bytes.len() as u64)
    }
}

impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("address", &format_args!("{:#x}..{:#x}", self.address, self.end()))
            .field("executable", &self.executable)
            .field("file_offset", &format_args!("{:#x}", self.file_offset))
            .finish_non_exhaustive()
    }
}

/// The loadable segments of one object, in the order of their addresses. They do not overlap, and end before the end of the
/// address space: the address behind any of their bytes is a number.
#[derive(Debug, Clone, Default)]
pub struct Image<'a> {
    segments: Vec<Segment<'a>>,
}

impl<'a> Image<'a> {
    /// Takes the segments in any order. Hostile files may let them overlap or reach past the end of the address space: then
    /// the one that begins first has the bytes, and what is past the end is cut off.
    ///
    /// Once and for all here, because a file may have 65,535 segments that all cover all of it: who then looked through them
    /// for each address, or decoded each by itself, would be at it for minutes.
    pub fn new(mut segments: Vec<Segment<'a>>) -> Self {
        segments.sort_by_key(|segment| segment.address);
        let mut covered = 0_u64;
        segments.retain_mut(|segment| {
            let fit = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            let length = segment.bytes.len().min(fit(u64::MAX - segment.address));
            let hidden = length.min(fit(covered.saturating_sub(segment.address)));
            segment.bytes = &segment.bytes[hidden..length];
            segment.address += hidden as u64;
            segment.file_offset = segment.file_offset.saturating_add(hidden as u64);
            covered = covered.max(segment.end());
            !segment.bytes.is_empty()
        });
        Image { segments }
    }

    /// All segments.
    pub fn segments(&self) -> &[Segment<'a>] {
        &self.segments
    }

    /// The segments that hold code.
    pub fn code(&self) -> impl Iterator<Item = &Segment<'a>> {
        self.segments.iter().filter(|segment| segment.executable)
    }

    /// The segment an address lies in.
    pub fn segment(&self, address: u64) -> Option<&Segment<'a>> {
        let next = self.segments.partition_point(|segment| segment.address <= address);
        self.segments.get(next.checked_sub(1)?).filter(|segment| address < segment.end())
    }

    /// The bytes from an address to the end of its segment.
    pub fn tail(&self, address: u64) -> Option<&'a [u8]> {
        let segment = self.segment(address)?;
        let offset = usize::try_from(address - segment.address).ok()?;
        segment.bytes.get(offset..)
    }

    /// `length` bytes at an address, if one segment holds them all.
    pub fn bytes(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        self.tail(address)?.get(..length)
    }

    /// The offset in the file of the byte at an address.
    pub fn file_offset(&self, address: u64) -> Option<u64> {
        let segment = self.segment(address)?;
        segment.file_offset.checked_add(address - segment.address)
    }

    /// Whether an address lies in a segment that holds code.
    pub fn is_code(&self, address: u64) -> bool {
        self.segment(address).is_some_and(|segment| segment.executable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(address: u64, bytes: &[u8]) -> Segment<'_> {
        Segment { address, bytes, executable: true, file_offset: address + 0x1000 }
    }

    #[test]
    fn where_segments_overlap_the_first_has_the_bytes() {
        let image =
            Image::new(vec![segment(4, b"BBBBBBBB"), segment(0, b"AAAAAA"), segment(5, b"CC"), segment(20, b"")]);
        let all: Vec<_> = image.segments().iter().map(|segment| (segment.address, segment.bytes)).collect();
        assert_eq!(all, [(0, &b"AAAAAA"[..]), (6, b"BBBBBB")]);
        assert_eq!((image.file_offset(5), image.file_offset(6)), (Some(0x1005), Some(0x1006)));
        assert_eq!((image.bytes(11, 1), image.bytes(12, 1), image.bytes(4, 4)), (Some(&b"B"[..]), None, None));
    }

    #[test]
    fn the_address_space_ends_where_it_ends() {
        let last = Segment { file_offset: 0, ..segment(0, &[7; 16]) };
        let image = Image::new(vec![Segment { address: u64::MAX - 4, ..last }]);
        assert_eq!(image.tail(u64::MAX - 4), Some(&[7; 4][..]));
        assert_eq!(image.tail(u64::MAX), None);
        assert!(Image::new(vec![Segment { address: u64::MAX, ..last }]).segments().is_empty());
    }
}
