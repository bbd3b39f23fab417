//! The lines of `INTERCEPT_LOG` are those of the original library, character by character: there are programs that read them.

use syscall_intercept::log::{Call, Line, Memory, Outcome, Style, format};

syscall_intercept::for_analysis_only!();

/// A few strings and structures at round addresses.
struct Program;

const NAME: u64 = 0x10000;
const BYTES: u64 = 0x20000;
const FILLED: u64 = 0x30000;
const PAIR: u64 = 0x40000;
const LOCK: u64 = 0x50000;
const LONG: u64 = 0x60000;

impl Memory for Program {
    fn read(&self, address: u64, out: &mut [u8]) -> usize {
        let lock = [
            [1, 0, 2, 0, 0, 0, 0, 0].as_slice(),
            &123_i64.to_ne_bytes(),
            &456_i64.to_ne_bytes(),
            &768_i64.to_ne_bytes(),
        ]
        .concat();
        let pieces: [(u64, &[u8]); 6] = [
            (NAME, b"name\x01\x02\n\r\t\0"),
            (BYTES, b"bytes\x01\xff\"\\\0\0"),
            (FILLED, b"filled by the kernel"),
            (PAIR, &[123, 0, 0, 0, 234, 0, 0, 0]),
            (LOCK, &lock),
            (LONG, &[b'x'; 4096]),
        ];
        for (start, bytes) in pieces {
            if let Some(rest) = address.checked_sub(start).and_then(|offset| bytes.get(offset as usize..)) {
                let count = rest.len().min(out.len());
                out[..count].copy_from_slice(&rest[..count]);
                return count;
            }
        }
        0
    }
}

fn line(number: i64, args: [i64; 6], outcome: Outcome) -> String {
    let call = Call { number, args, object: b"/lib/x86_64-linux-gnu/libc.so.6", offset: 0xf0b34 };
    let mut line = Line::new();
    format(&mut line, Style::DropIn, &call, outcome, &Program);
    let text = String::from_utf8(line.as_bytes().to_vec()).expect("these lines are ASCII");
    let text = text.strip_prefix("/lib/x86_64-linux-gnu/libc.so.6 0xf0b34 -- ").expect("where the call was made");
    text.strip_suffix('\n').expect("a whole line").to_owned()
}

/// Before and after a call that returns 22.
#[track_caller]
fn check(number: i64, args: &[i64], before: &str, after: &str) {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    assert_eq!(line(number, all, Outcome::Pending), before);
    assert_eq!(line(number, all, Outcome::Returned(22)), after);
}

/// The same where nothing but the result is added.
#[track_caller]
fn same(number: i64, args: &[i64], text: &str) {
    check(number, args, &format!("{text} = ?"), &format!("{text} = 22"));
}

#[test]
fn input_is_shown_before_and_output_after() {
    same(libc::SYS_write, &[7, BYTES as i64, 11], r#"write(7, "bytes\x01\xff\"\\\0\0", 11)"#);
    let args = [7, LONG as i64, 30];
    check(libc::SYS_read, &args, "read(7, 0x0000000000060000, 30) = ?", "read(7, \"xxxxxxxxxxxxxxxxxxxxxx\", 30) = 22");
    let all = [7, LONG as i64, 30, 0, 0, 0];
    let failed = line(libc::SYS_read, all, Outcome::Returned(-5));
    assert_eq!(failed, "read(7, 0x0000000000060000, 30) = -5 EIO (I/O error)");
    same(libc::SYS_read, &[9, 0, 44], "read(9, (null), 44)");
    check(libc::SYS_pipe, &[PAIR as i64], "pipe(0x0000000000040000) = ?", "pipe([123, 234]) = 22");
    same(libc::SYS_pipe2, &[0, 0], "pipe2((null), 0)");
}

#[test]
fn memory_that_is_not_there_is_a_pointer() {
    same(libc::SYS_write, &[7, 0x999, 3], "write(7, 0x0000000000000999, 3)");
    same(libc::SYS_chdir, &[0x999], "chdir(0x0000000000000999)");
    // The kernel filled 20 bytes, whatever it returned.
    same(libc::SYS_pread64, &[-99, FILLED as i64, 18, 1 << 32], "pread64(-99, 0x0000000000030000, 18, 4294967296)");
    same(libc::SYS_fcntl, &[11, libc::F_SETLK.into(), 0x999], "fcntl(11, 6 (F_SETLK), 0x0000000000000999)");
}

#[test]
fn long_strings_are_cut_inside_their_quotes() {
    let expected = format!("write(1, \"{}...\", 4096)", "x".repeat(122));
    same(libc::SYS_write, &[1, LONG as i64, 4096], &expected);
}

#[test]
fn files_are_opened() {
    let name = NAME as i64;
    same(libc::SYS_open, &[name, 0, 0o777], r#"open("name\x01\x02\n\r\t", O_RDONLY)"#);
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_DSYNC | libc::O_RSYNC;
    same(
        libc::SYS_open,
        &[name, flags.into(), 0o321],
        r#"open("name\x01\x02\n\r\t", O_RDWR | O_CREAT | O_DSYNC | O_RSYNC, 0321)"#,
    );
    let flags = libc::O_RDWR | libc::O_TMPFILE;
    same(libc::SYS_openat, &[-100, 0, flags.into(), 0o333], "openat(AT_FDCWD, (null), O_RDWR | O_TMPFILE, 0333)");
    // The same descriptor, not sign-extended.
    same(libc::SYS_openat, &[0xffff_ff9c, 0, 0], "openat(AT_FDCWD, (null), O_RDONLY)");
    same(libc::SYS_openat, &[99, 0, 0x400000, 0], "openat(99, (null), O_RDONLY | 0x400000)");
}

#[test]
fn numbers_are_decimal_hexadecimal_or_octal() {
    same(libc::SYS_lseek, &[0xffff_ff9c, -1, 4], "lseek(-100, -1, SEEK_HOLE)");
    same(libc::SYS_lseek, &[0, 99999, 77], "lseek(0, 99999, 0x4d)");
    same(libc::SYS_brk, &[1 << 40], "brk(1099511627776)");
    same(libc::SYS_mkdirat, &[33, 0, 0o555], "mkdirat(33, (null), 0555)");
    same(libc::SYS_faccessat, &[-100, 0, 0], "faccessat(AT_FDCWD, (null), 00)");
    same(libc::SYS_access, &[0, 0], "access((null), F_OK)");
    same(libc::SYS_access, &[0, 7], "access((null), R_OK | W_OK | X_OK)");
    same(libc::SYS_preadv, &[1, 0x123000, 4, 0x1000], "preadv(1, 0x123000, 0x4, 0x1000)");
    same(libc::SYS_readv, &[1, 0x123000, 4], "readv(1, 0x0000000000123000, 4)");
    // Not -1: glibc leaves the upper half of the register zero, and the original prints all of it.
    same(libc::SYS_wait4, &[0xffff_ffff, 0, 0, 0], "wait4(4294967295, 0x0, 0x0, 0x0)");
    same(
        libc::SYS_clone,
        &[0x120_0011, 0, 0, 1, 2],
        "clone(CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | 0x11, (null), (null), 0x0000000000000001, 0x2)",
    );
}

#[test]
fn commands_have_number_and_name() {
    same(libc::SYS_fcntl, &[1, 1030, 3], "fcntl(1, 1030 (F_DUPFD_CLOEXEC), 0x3)");
    same(libc::SYS_fcntl, &[1, 99, 3], "fcntl(1, 99 (unknown), 0x3)");
    same(libc::SYS_fcntl, &[1, 6, 0], "fcntl(1, 6 (F_SETLK), (null))");
    same(
        libc::SYS_fcntl,
        &[11, 6, LOCK as i64],
        "fcntl(11, 6 (F_SETLK), 0x0000000000050000 ({.l_type = 1 (F_WRLCK), .l_whence = 2 (SEEK_END), .l_start = 123, \
         .l_len = 456, .l_pid = 768}))",
    );
}

#[test]
fn results_are_what_the_call_returns() {
    let mmap = |outcome| line(libc::SYS_mmap, [0, 0x8000, 4, 1, 99, 0x1000], outcome);
    assert_eq!(mmap(Outcome::Returned(22)), "mmap((null), 0x8000, 0x4, 0x1, 99, 0x1000) = 0x0000000000000016");
    assert_eq!(mmap(Outcome::Returned(0)), "mmap((null), 0x8000, 0x4, 0x1, 99, 0x1000) = (null)");
    assert_eq!(
        mmap(Outcome::Returned(-22)),
        "mmap((null), 0x8000, 0x4, 0x1, 99, 0x1000) = -22 EINVAL (Invalid argument)"
    );
    let result = |number, outcome| line(number, [1, 0, 0, 0, 0, 0], Outcome::Returned(outcome));
    assert_eq!(result(libc::SYS_shmat, 22), "shmat(0x1, 0x0, 0x0) = 0x16");
    assert_eq!(result(libc::SYS_umask, 0o22), "umask(01) = 022");
    assert_eq!(result(libc::SYS_close, -9), "close(1) = -9 EBADF (Bad file number)");
    assert_eq!(result(libc::SYS_close, -4000), "close(1) = -4000 Unknown error");
    assert_eq!(result(libc::SYS_lseek, -4096), "lseek(1, 0, SEEK_SET) = -4096");
    // Of calls that do not return nothing is said, not even that.
    assert_eq!(line(libc::SYS_exit_group, [1, 0, 0, 0, 0, 0], Outcome::Pending), "exit_group(0x1)");
    assert_eq!(line(libc::SYS_rt_sigreturn, [0; 6], Outcome::Pending), "rt_sigreturn()");
}

#[test]
fn oddities_are_kept() {
    same(libc::SYS_setpgid, &[1, 2], "setpgid()");
    same(libc::SYS_sysinfo, &[1, 2], "sysinfo(0x1, 0x2)");
    same(libc::SYS_semctl, &[1, 2, 3, 4, 5, 6], "semctl(0x1, 0x2, 0x3, 0x4, 0x5, 0x6)");
    same(libc::SYS_getppid, &[1], "syscall(110, 0x1, 0x0, 0x0, 0x0, 0x0, 0x0)");
}

#[test]
fn calls_the_original_never_saw_have_names_too() {
    same(600, &[1, 2, 3, 4, 5, -1], "syscall(600, 0x1, 0x2, 0x3, 0x4, 0x5, 0xffffffffffffffff)");
    same(-1, &[], "syscall(-1, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0)");
    same(libc::SYS_clone3, &[0, 88], "clone3((null), 88)");
    same(
        libc::SYS_faccessat2,
        &[-100, 0, 1, 0x300],
        "faccessat2(AT_FDCWD, (null), X_OK, AT_SYMLINK_NOFOLLOW | AT_EACCESS)",
    );
}
