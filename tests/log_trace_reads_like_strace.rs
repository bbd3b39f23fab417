//! A trace is what people know from strace. Every line here was compared with what strace 6.1 prints (`strace -a1`).

use syscall_intercept::log::{Call, Line, Memory, Outcome, ProcessMemory, Style, format};

syscall_intercept::for_analysis_only!();

/// The line of a call made with pointers into this very process.
#[track_caller]
fn check(number: i64, args: &[i64], result: i64, expected: &str) {
    check_in(&ProcessMemory, number, args, Outcome::Returned(result), expected);
}

#[track_caller]
fn check_in(memory: &dyn Memory, number: i64, args: &[i64], outcome: Outcome, expected: &str) {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let mut line = Line::new();
    format(&mut line, Style::Trace, &Call { number, args: all, object: b"", offset: 0 }, outcome, memory);
    assert_eq!(std::str::from_utf8(line.as_bytes()), Ok(format!("{expected}\n").as_str()));
}

/// The address of a string that ends in a zero byte.
fn text(text: &'static std::ffi::CStr) -> i64 {
    text.as_ptr() as i64
}

#[test]
fn files() {
    let flags = i64::from(libc::O_RDONLY | libc::O_CLOEXEC);
    check(
        libc::SYS_openat,
        &[-100, text(c"/etc/passwd"), flags],
        3,
        r#"openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3"#,
    );
    let flags = i64::from(libc::O_RDWR | libc::O_CREAT | libc::O_SYNC) | 0x8000_0000;
    check(
        libc::SYS_openat,
        &[-100, text(c"/nonexist"), flags, 0],
        -2,
        r#"openat(AT_FDCWD, "/nonexist", O_RDWR|O_CREAT|O_SYNC|0x80000000, 000) = -1 ENOENT (No such file or directory)"#,
    );
    check(libc::SYS_open, &[0, 0], -14, "open(NULL, O_RDONLY) = -1 EFAULT (Bad address)");
    check(libc::SYS_lseek, &[4, -1, 77], -22, "lseek(4, -1, 0x4d /* SEEK_??? */) = -1 EINVAL (Invalid argument)");
    check(libc::SYS_access, &[text(c"/"), 0], 0, r#"access("/", F_OK) = 0"#);
    check(libc::SYS_access, &[text(c"/"), 21], -22, r#"access("/", R_OK|X_OK|0x10) = -1 EINVAL (Invalid argument)"#);
    check(libc::SYS_chmod, &[text(c"/x"), 7], -2, r#"chmod("/x", 007) = -1 ENOENT (No such file or directory)"#);
    check(libc::SYS_umask, &[0o22], 0o22, "umask(022) = 022");
    check(
        libc::SYS_unlinkat,
        &[-100, text(c"/x"), 0x201],
        -22,
        r#"unlinkat(AT_FDCWD, "/x", AT_REMOVEDIR|0x1) = -1 EINVAL (Invalid argument)"#,
    );
    check(libc::SYS_unlinkat, &[-5, text(c"/x"), 0], 0, r#"unlinkat(-5, "/x", 0) = 0"#);
    check(libc::SYS_rename, &[text(c"a"), 0], -14, r#"rename("a", NULL) = -1 EFAULT (Bad address)"#);
    check(libc::SYS_getcwd, &[text(c"/tmp"), 100], 5, r#"getcwd("/tmp", 100) = 5"#);
    check(
        libc::SYS_readlink,
        &[text(c"/proc/self/exe"), text(c"/tmp/t1"), 100],
        7,
        r#"readlink("/proc/self/exe", "/tmp/t1", 100) = 7"#,
    );
    check(libc::SYS_dup3, &[1, 2, libc::O_CLOEXEC.into()], 2, "dup3(1, 2, O_CLOEXEC) = 2");
    check(libc::SYS_close_range, &[100, -1, 0], 0, "close_range(100, 4294967295, 0) = 0");
    let fds = [8, 9];
    check(libc::SYS_pipe2, &[fds.as_ptr() as i64, libc::O_CLOEXEC.into()], 0, "pipe2([8, 9], O_CLOEXEC) = 0");
}

#[test]
fn permissions_with_something_above_them() {
    check(libc::SYS_mknodat, &[-100, text(c"/x"), 0o010_644, 0], 0, r#"mknodat(AT_FDCWD, "/x", S_IFIFO|0644) = 0"#);
    check(libc::SYS_mknod, &[text(c"/x"), 0o020_600, 0x103], 0, r#"mknod("/x", S_IFCHR|0600, 0x103) = 0"#);
    check(libc::SYS_shmget, &[5, 100, 0o1644], 0, "shmget(0x5, 100, IPC_CREAT|0644) = 0");
    check(libc::SYS_semget, &[0, 1, 0o600], 0, "semget(0, 1, 0600) = 0");
}

#[test]
fn buffers() {
    let letters = c"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    check(
        libc::SYS_write,
        &[-1, text(letters), 52],
        -9,
        r#"write(-1, "abcdefghijklmnopqrstuvwxyzabcdef"..., 52) = -1 EBADF (Bad file descriptor)"#,
    );
    check(libc::SYS_write, &[-1, 0, 5], -9, "write(-1, NULL, 5) = -1 EBADF (Bad file descriptor)");
    check(libc::SYS_write, &[-1, text(c""), 0], -9, r#"write(-1, "", 0) = -1 EBADF (Bad file descriptor)"#);
    check(libc::SYS_read, &[3, text(c"four"), 100], 4, r#"read(3, "four", 100) = 4"#);
    check(libc::SYS_write, &[1, 8, 5], -14, "write(1, 0x8, 5) = -1 EFAULT (Bad address)");
    check(libc::SYS_getrandom, &[text(c"x\\4\t"), 8, 1], 4, r#"getrandom("\x78\x5c\x34\x09", 8, GRND_NONBLOCK) = 4"#);
    check(
        libc::SYS_sendto,
        &[-1, text(c"\x08"), 2, libc::MSG_NOSIGNAL.into(), 0, 0],
        2,
        r#"sendto(-1, "\10\0", 2, MSG_NOSIGNAL, NULL, 0) = 2"#,
    );
}

#[test]
fn directories() {
    // Two entries: inode and offset, then a length of 24.
    let mut entries = [0_u64; 6];
    (entries[2], entries[5]) = (24, 24);
    let at = entries.as_ptr() as i64;
    check(libc::SYS_getdents64, &[3, at, 32768], 48, &format!("getdents64(3, {at:#x} /* 2 entries */, 32768) = 48"));
    check(libc::SYS_getdents64, &[3, at, 32768], 0, &format!("getdents64(3, {at:#x} /* 0 entries */, 32768) = 0"));
}

#[test]
fn memory() {
    check(
        libc::SYS_mmap,
        &[0, 4096, 0x101, (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED).into(), 0xffff_ffff, 0],
        0x7f00_0000_0000,
        "mmap(NULL, 4096, PROT_READ|0x100, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
    );
    check(
        libc::SYS_mprotect,
        &[0x1000, 1, 0x100],
        -22,
        "mprotect(0x1000, 1, 0x100 /* PROT_??? */) = -1 EINVAL (Invalid argument)",
    );
    check(libc::SYS_brk, &[0], 0x5555_0000, "brk(NULL) = 0x55550000");
    check(libc::SYS_madvise, &[0x1000, 0, 4], 0, "madvise(0x1000, 0, MADV_DONTNEED) = 0");
    check(libc::SYS_munmap, &[0x7ff5_227e_e000, 35243], 0, "munmap(0x7ff5227ee000, 35243) = 0");
}

#[test]
fn processes() {
    check(libc::SYS_kill, &[1 << 30, 40], -3, "kill(1073741824, SIGRT_8) = -1 ESRCH (No such process)");
    check(
        libc::SYS_wait4,
        &[0xffff_ffff, 0, 1, 0],
        -10,
        "wait4(-1, NULL, WNOHANG, NULL) = -1 ECHILD (No child processes)",
    );
    check(libc::SYS_rt_sigprocmask, &[0, 0, 0, 8], 0, "rt_sigprocmask(SIG_BLOCK, NULL, NULL, 8) = 0");
    check(libc::SYS_prctl, &[15, text(c"abc")], 0, r#"prctl(PR_SET_NAME, "abc") = 0"#);
    check(libc::SYS_setpriority, &[0, 0, -1], 0, "setpriority(PRIO_PROCESS, 0, -1) = 0");
    check(
        libc::SYS_rseq,
        &[0x7ff5_2260_a060, 0x20, 0, 0x5305_3053],
        0,
        "rseq(0x7ff52260a060, 0x20, 0, 0x53053053) = 0",
    );
    check_in(&ProcessMemory, libc::SYS_exit_group, &[-1], Outcome::Pending, "exit_group(-1) = ?");
}

#[test]
fn programs() {
    let arguments = [text(c"ls"), text(c"a b"), 0];
    let (argv, envp) = (arguments.as_ptr() as i64, arguments[1..].as_ptr() as i64);
    let expected =
        format!(r#"execve("/bin/ls", ["ls", "a b"], {envp:#x} /* 1 var */) = -1 ENOENT (No such file or directory)"#);
    check(libc::SYS_execve, &[text(c"/bin/ls"), argv, envp], -2, &expected);
    let empty = arguments[2..].as_ptr() as i64;
    check(libc::SYS_execve, &[0, empty, 8], -14, "execve(NULL, [], 0x8) = -1 EFAULT (Bad address)");
}

#[test]
fn futexes_show_what_their_operation_takes() {
    let at = 0x1000;
    check(libc::SYS_futex, &[at, 129, 1, 7, 7, 7], 0, "futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 0");
    check(
        libc::SYS_futex,
        &[at, 0, 77, 0, 7, 7],
        -11,
        "futex(0x1000, FUTEX_WAIT, 77, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
    );
    check(
        libc::SYS_futex,
        &[at, 77, 77, 0, 0, 0],
        -38,
        "futex(0x1000, 0x4d /* FUTEX_??? */, 77, NULL, NULL, 0) = -1 ENOSYS (Function not implemented)",
    );
    check(
        libc::SYS_futex,
        &[at, 393, 0, 0, 0, -1],
        0,
        "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY) = 0",
    );
}

#[test]
fn sockets_and_commands() {
    check(libc::SYS_socket, &[2, 1 | 0o2000000, 6], 5, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 5");
    check(libc::SYS_socket, &[16, 3, 15], 7, "socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) = 7");
    check(
        libc::SYS_socket,
        &[77, 77, 77],
        -22,
        "socket(0x4d /* AF_??? */, 0x4d /* SOCK_??? */, 77) = -1 EINVAL (Invalid argument)",
    );
    check(libc::SYS_fcntl, &[0, 4, libc::O_NONBLOCK.into()], 0, "fcntl(0, F_SETFL, O_RDONLY|O_NONBLOCK) = 0");
    check(libc::SYS_fcntl, &[0, 3], 0x8800, "fcntl(0, F_GETFL) = 0x8800 (flags O_RDONLY|O_NONBLOCK|O_LARGEFILE)");
    check(libc::SYS_fcntl, &[0, 1], 0, "fcntl(0, F_GETFD) = 0");
    check(libc::SYS_fcntl, &[0, 1], 1, "fcntl(0, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
    check(libc::SYS_fcntl, &[0, 1030, 100], 100, "fcntl(0, F_DUPFD_CLOEXEC, 100) = 100");
    check(libc::SYS_fcntl, &[0, 99, 1], -22, "fcntl(0, 0x63 /* F_??? */, 0x1) = -1 EINVAL (Invalid argument)");
    check(
        libc::SYS_ioctl,
        &[0, 0x5401, 0x1000],
        -25,
        "ioctl(0, TCGETS, 0x1000) = -1 ENOTTY (Inappropriate ioctl for device)",
    );
    check(libc::SYS_ioctl, &[0, 0x1234_5678, 0], 0, "ioctl(0, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), NULL) = 0");
}

#[test]
fn numbers_without_a_call() {
    check(
        600,
        &[1, 2, 3, 4, 5, 6],
        -38,
        "syscall_0x258(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)",
    );
    check(-1, &[1], -38, "syscall_0xffffffffffffffff(0x1, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)");
    check(libc::SYS_close, &[1], -516, "close(1) = -1 (errno 516)");
}
