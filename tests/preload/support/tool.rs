//! Programs the tests need and the project does not contain.

use std::path::Path;

/// Where to get what is not there, for those whose package has another name.
const PACKAGES: [(&str, &str); 15] = [
    ("cc", "gcc"),
    ("c++", "g++"),
    ("dpkg-deb", "dpkg"),
    ("nm", "binutils"),
    ("readelf", "binutils"),
    ("strip", "binutils"),
    ("objcopy", "binutils"),
    ("xz", "xz-utils"),
    ("ls", "coreutils"),
    ("cat", "coreutils"),
    ("sh", "dash"),
    ("script", "bsdutils"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("bwrap", "bubblewrap"),
];

/// Makes sure of a tool, given by its name or by its path. A test whose tool is not installed fails: skipped tests prove
/// nothing.
pub(crate) fn tool(name: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_path = name.components().count() > 1;
    if is_path && name.exists() || !is_path && std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
        return;
    }
    let name = name.file_name().and_then(|name| name.to_str()).unwrap();
    let package = PACKAGES.iter().find(|(tool, _)| *tool == name).map_or(name, |(_, package)| package);
    panic!("{name} is not installed and this test needs it: apt-get install {package}");
}
