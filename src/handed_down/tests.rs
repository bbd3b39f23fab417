use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;

use super::*;

/// A file as the command has it, the list that says which one it is, and a path to it.
fn file(name: &str) -> (tempfile::TempDir, std::fs::File, CString) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let file = std::fs::File::create(&path).expect("a file");
    (folder, file, CString::new(path.into_os_string().into_encoded_bytes()).expect("no zero byte"))
}

fn known(path: &CStr, which: &std::fs::File) -> File {
    let about = which.metadata().expect("a file");
    let path = OsStr::from_bytes(path.to_bytes());
    let list = format!("/another=1:2 {}={}:{} more", path.display(), about.dev(), about.ino());
    let file = File::new(libc::O_RDWR);
    file.is_known_to_be(path, Identity::of(path, OsStr::new(&list)).expect("in the list"));
    file
}

fn is_of(fd: i32, original: &std::fs::File) -> bool {
    let about = original.metadata().expect("a file");
    call::status(fd).is_ok_and(|status| (status.st_dev, status.st_ino) == (about.dev(), about.ino()))
}

#[test]
fn lists_say_which_file_a_path_stands_for() {
    let of = |path: &str, list: &str| Identity::of(OsStr::new(path), OsStr::new(list));
    assert!(of("/a", "/b=1:2 /a=3:4") == of("/a", "/a=3:4 /a=5:6") && of("/a", "/a=3:4").is_some());
    assert!(of("/a", "/a=3:4") != of("/a", "/a=3:5"));
    for list in ["", " ", "/a", "/a=", "/a=3", "/a=3:", "/a=:4", "/a=-3:4", "/a=3:4:5", "/ab=3:4", "/b=3:4", "/a=3:x"] {
        assert_eq!(of("/a", list), None, "{list}");
    }
}

#[test]
fn a_path_is_followed_to_the_file_it_stands_for_and_to_no_other() {
    let (_folder, original, path) = file("original");
    let (_other_folder, _other, other_path) = file("other");
    let fd = known(&path, &original).open(&path).expect("the path leads there");
    assert!(is_of(fd, &original));
    call::close(fd);
    // Of what nobody has said anything, anything is right.
    let fd = File::new(libc::O_RDWR).open(&other_path).expect("a file");
    call::close(fd);
    // Those that are closed on exec are not what was handed down.
    let wrong = known(&other_path, &original);
    assert_eq!(wrong.open(&other_path), Err(Errno(libc::ESTALE)));
}

#[test]
fn what_a_path_does_not_lead_to_is_found_among_the_descriptors() {
    let (_folder, original, path) = file("original");
    let to_write = call::duplicate(original.as_raw_fd(), 0, false).expect("a descriptor");
    // Not opened for reading, too.
    assert_eq!(known(c"/no/such/file", &original).open(&path), Err(Errno(libc::ENOENT)));
    let handed_down = call::open(&path, libc::O_RDWR).expect("a file");
    call::keep_on_exec(handed_down);
    let file = known(c"/no/such/file", &original);
    assert_eq!(file.held.load(Relaxed), handed_down);
    let fd = file.open(&path).expect("it is there");
    assert!(fd != handed_down && is_of(fd, &original) && !call::is_kept_on_exec(fd));
    [fd, to_write, handed_down].into_iter().for_each(call::close);
    assert_eq!(file.open(&path), Err(Errno(libc::ENOENT)), "it was closed meanwhile");
}

#[test]
fn a_descriptor_is_taken_once_and_again_when_it_was_closed() {
    let (_folder, original, path) = file("original");
    let file = known(&path, &original);
    assert_eq!(file.held.load(Relaxed), NONE, "nobody needs one yet");
    file.keep();
    assert_eq!(file.held.load(Relaxed), NONE);
    file.take();
    let held = file.held.load(Relaxed);
    assert!(is_of(held, &original) && call::is_kept_on_exec(held) && held >= least_to_hand_down());
    file.take();
    assert_eq!(file.held.load(Relaxed), held);
    // The program before this one has had one already.
    let next = known(&path, &original);
    next.take();
    assert_eq!(next.held.load(Relaxed), held);
    call::close(held);
    file.take();
    let held = file.held.load(Relaxed);
    assert!(is_of(held, &original));
    call::close(held);
}
