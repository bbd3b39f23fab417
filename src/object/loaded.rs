//! The objects loaded into this process, read from memory.
//!
//! The dynamic loader's own list and the mapped program headers say everything, so a deleted or replaced file, a chroot or a
//! mount namespace changes nothing. The file on disk is asked for symbols only, and only when its build-id says it is the
//! one that is mapped.
#![allow(unsafe_code, reason = "reads the memory of mapped objects")]

use std::cell::OnceCell;
use std::ffi::{CStr, OsStr};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::dynamic::{DT_NEEDED, defined, list_of_loader, names, soname, stays};
use super::file::File;
use super::notes::is_of_go;
use super::target::is_libc;
use super::{BuildId, Functions, Image, Segment, eh_frame};

/// One loaded object.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Its path as the loader knows it; that of the executable is read from `/proc/self/exe` when somebody asks.
    path: OnceCell<PathBuf>,
    /// The addresses it occupies, from the first byte of its first segment to the last of its last.
    pub(crate) span: Range<u64>,
    /// Difference between the addresses in the file and those in memory.
    bias: u64,
    /// Its segments.
    pub(crate) image: Image<'static>,
    /// Address of `.eh_frame_hdr`.
    eh_frame_hdr: Option<u64>,
    /// Its build-id.
    build_id: Option<BuildId>,
    /// Whether Go made it.
    is_of_go: bool,
    /// Whether the loader never unloads it.
    stays: bool,
    /// Whether it is a libc or a libpthread, by the name the loader knows it by or by the one it says it has.
    is_libc: bool,
    /// Where its dynamic section is.
    dynamic: Option<u64>,
}

/// All loaded objects in the loader's order: the executable first.
pub(crate) fn objects() -> Vec<Loaded> {
    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: usize, found: *mut libc::c_void) -> libc::c_int {
        // SAFETY: the loader passes a valid `info`, and what `objects` handed it.
        let (info, found) = unsafe { (&*info, &mut *found.cast::<Vec<Loaded>>()) };
        // SAFETY: the object is mapped: the loader has just listed it and holds its lock.
        found.extend(unsafe { read(info) });
        0
    }
    let mut found: Vec<Loaded> = Vec::new();
    // SAFETY: `visit` has the type the loader calls and is done with `found` when this returns.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut found).cast()) };
    found
}

/// Reads one entry of the loader's list.
///
/// # Safety
///
/// The object is mapped and stays so: its bytes are borrowed for `'static`. The targets of patching (libc, the executable, the
/// loader, what they need) are never unmapped; other objects are only looked at while the constructor runs.
unsafe fn read(info: &libc::dl_phdr_info) -> Option<Loaded> {
    // SAFETY: the loader's pointer and count describe the mapped program headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let address = |header: &libc::Elf64_Phdr| info.dlpi_addr.wrapping_add(header.p_vaddr);
    // SAFETY: only called for readable segments, whose file bytes the loader has mapped.
    let bytes = |header: &libc::Elf64_Phdr| unsafe {
        std::slice::from_raw_parts(address(header) as *const u8, header.p_filesz as usize)
    };

    let loads = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let start = loads().map(address).min()?;
    let end = loads().map(|header| address(header).wrapping_add(header.p_memsz)).max()?;
    let segments = loads()
        .filter(|header| header.p_flags & libc::PF_R != 0)
        .map(|header| Segment {
            address: address(header),
            bytes: bytes(header),
            executable: header.p_flags & libc::PF_X != 0,
            file_offset: header.p_offset,
        })
        .collect();
    let eh_frame_hdr = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME).map(address);
    let notes = || {
        headers.iter().filter(|header| header.p_type == libc::PT_NOTE && header.p_flags & libc::PF_R != 0).map(bytes)
    };
    let (build_id, is_of_go) = (notes().find_map(BuildId::find), notes().any(is_of_go));

    // SAFETY: a C string of the loader, or NULL.
    let name = if info.dlpi_name.is_null() { c"" } else { unsafe { CStr::from_ptr(info.dlpi_name) } };
    let path = Some(name.to_bytes()).filter(|name| !name.is_empty()).map(|name| Path::new(OsStr::from_bytes(name)));
    let image = Image::new(segments);
    let dynamic = headers.iter().find(|header| header.p_type == libc::PT_DYNAMIC).map(address);
    let soname = dynamic.and_then(|dynamic| soname(&image, dynamic, info.dlpi_addr)).map(OsStr::from_bytes);
    let stays = dynamic.is_some_and(|dynamic| stays(&image, dynamic));
    let is_libc = path.is_some_and(is_libc) || soname.is_some_and(|name| is_libc(Path::new(name)));
    Some(Loaded {
        path: path.map(|path| OnceCell::from(path.to_owned())).unwrap_or_default(),
        span: start..end,
        bias: info.dlpi_addr,
        image,
        eh_frame_hdr,
        build_id,
        is_of_go,
        stays,
        is_libc,
        dynamic,
    })
}

impl Loaded {
    /// Where the object's functions begin and end: from its unwind table, and if that does not do from the symbols of its file.
    pub(crate) fn functions(&self) -> Functions {
        let table = self.eh_frame_hdr.and_then(|header| eh_frame::functions(&self.image, header));
        Functions::new(&self.image, table, || self.symbols().unwrap_or_default())
    }

    /// Function bounds from the symbols of the file, if that is the file that is mapped.
    fn symbols(&self) -> Option<Vec<Range<u64>>> {
        let file = File::open(self.path()).ok()?;
        let file = file.parse().ok()?;
        if file.build_id()? != *self.build_id.as_ref()? {
            return None;
        }
        let moved = |range: Range<u64>| range.start.wrapping_add(self.bias)..range.end.wrapping_add(self.bias);
        Some(file.symbols().into_iter().map(|symbol| moved(symbol.range)).collect())
    }

    /// Whether this is the object the kernel maps into every process.
    pub(crate) fn is_vdso(&self) -> bool {
        self.holds(libc::AT_SYSINFO_EHDR)
    }

    /// Whether this is the dynamic loader that the kernel has loaded with the program.
    pub(crate) fn is_loader(&self) -> bool {
        self.holds(libc::AT_BASE)
    }

    /// Whether an address that the kernel has given to the program lies in it.
    fn holds(&self, entry: libc::c_ulong) -> bool {
        // SAFETY: reads the auxiliary vector.
        let address = unsafe { libc::getauxval(entry) };
        address != 0 && self.span.contains(&address)
    }

    /// Whether this object holds the library's own code, be it the shared library or a plugin it is linked into.
    pub(crate) fn is_self(&self) -> bool {
        self.span.contains(&(objects as *const () as u64))
    }

    /// Whether it is a libc or a libpthread.
    pub(crate) fn is_libc(&self) -> bool {
        self.is_libc
    }

    /// Whether the loader never unloads it, whoever closes it.
    pub(crate) fn stays(&self) -> bool {
        self.stays
    }

    /// Whether Go made it: its system calls are made on stacks of two kilobytes that grow when Go's own code asks for it.
    pub(crate) fn is_of_go(&self) -> bool {
        self.is_of_go
    }

    /// The offset in the object's file of an address: what a log line and an error message name.
    pub(crate) fn in_file(&self, address: u64) -> u64 {
        self.image.file_offset(address).unwrap_or(address)
    }

    /// What has to be added to an address in its file.
    pub(crate) fn bias(&self) -> u64 {
        self.bias
    }

    /// Its build-id.
    pub(crate) fn build_id(&self) -> Option<&BuildId> {
        self.build_id.as_ref()
    }

    /// Whether this is what it calls itself.
    pub(crate) fn is_called(&self, name: &CStr) -> bool {
        let called = self.dynamic.and_then(|dynamic| soname(&self.image, dynamic, self.bias));
        called == Some(name.to_bytes())
    }

    /// Whether it asks the loader for an object of this name.
    pub(crate) fn needs(&self, name: &CStr) -> bool {
        let needed = self.dynamic.map(|dynamic| names(&self.image, dynamic, self.bias, DT_NEEDED));
        needed.is_some_and(|mut needed| needed.any(|needed| needed == name.to_bytes()))
    }

    /// The address of a symbol that it defines. The outer `None` says that only the loader can tell.
    pub(crate) fn defined(&self, symbol: &CStr) -> Option<Option<u64>> {
        let found = defined(&self.image, self.dynamic?, self.bias, symbol.to_bytes())?;
        Some(found.map(|address| self.bias.wrapping_add(address)))
    }

    /// The address of the loader's `struct r_debug`, if this is the executable.
    pub(crate) fn list_of_loader(&self) -> Option<u64> {
        list_of_loader(&self.image, self.dynamic?)
    }

    /// The path, for people.
    pub(crate) fn path(&self) -> &Path {
        let executable = Path::new("/proc/self/exe");
        self.path.get_or_init(|| std::fs::read_link(executable).unwrap_or_else(|_| executable.to_owned()))
    }
}
