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

/// The loadable segments of one object, in the order of their addresses.
#[derive(Debug, Clone, Default)]
pub struct Image<'a> {
    segments: Vec<Segment<'a>>,
}

impl<'a> Image<'a> {
    /// Takes the segments in any order. Hostile files may let them overlap or reach past the end of the address space; a
    /// lookup then answers from the first one that matches.
    pub fn new(mut segments: Vec<Segment<'a>>) -> Self {
        segments.sort_by_key(|segment| segment.address);
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
        self.segments.iter().find(|segment| (segment.address..segment.end()).contains(&address))
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
