//! The protection of memory, once the library has done its work.

use crate::support::{Program, Workbench};

/// A line of `/proc/self/maps`.
struct Mapping<'a> {
    protection: &'a str,
    name: &'a str,
}

fn mappings(maps: &str) -> Vec<Mapping<'_>> {
    maps.lines().filter_map(mapping).collect()
}

/// Address, protection, offset, device, inode and perhaps a name.
fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut words = line.split_ascii_whitespace();
    Some(Mapping { protection: words.nth(1)?, name: words.nth(3).unwrap_or_default() })
}

#[test]
fn stubs_and_patched_code_can_be_executed_and_not_written() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("prints_maps"));
    let bare = program.run().success().stdout();
    let code = |maps: &str| mappings(maps).iter().filter(|mapping| mapping.protection.contains('x')).count();

    for program in [program.clone(), program.env("INTERCEPT_ALL_OBJS", "1")] {
        let maps = program.preload([bench.plugin("forwarding_hook")]).run().success().stdout();
        for mapping in mappings(&maps) {
            let Mapping { protection, name } = mapping;
            assert!(!protection.starts_with("rwx") && !protection.starts_with("-wx"), "{name} {protection}: {maps}");
            assert!(name != "[stack]" || protection == "rw-p", "{protection}: {maps}");
        }
        // Libc's code is all in one piece: no page of it has another protection than the rest.
        let libc: Vec<_> = mappings(&maps).into_iter().filter(|mapping| mapping.name.ends_with("/libc.so.6")).collect();
        let executable: Vec<_> = libc.iter().filter(|mapping| mapping.protection.contains('x')).collect();
        assert!(matches!(executable[..], [Mapping { protection: "r-xp", .. }]), "{maps}");
        assert!(code(&maps) > code(&bare), "no stubs, so this test shows nothing: {maps}");
    }
}
