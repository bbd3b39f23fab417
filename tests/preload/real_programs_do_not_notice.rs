//! Programs people use write the same bytes and end the same way, whoever looks.

use std::path::Path;

use crate::support::{Program, Workbench};

/// Runs a program bare, then under each way of looking, and compares everything that comes out.
struct Compared {
    bench: Workbench,
}

impl Compared {
    fn new() -> Compared {
        let bench = Workbench::new();
        bench.plugin("forwarding_hook");
        Compared { bench }
    }

    /// The same program in an empty folder, once more for each way of looking.
    fn program(self, program: &Program) {
        self.each(program, |bench, name, program| {
            let folder = bench.empty_folder("here");
            let outcome = program.folder(folder).run();
            assert!(name != "bare" || outcome.code() == Some(0), "{outcome}");
            outcome
        });
    }

    fn each<T: PartialEq + std::fmt::Display>(self, program: &Program, run: impl Fn(&Workbench, &str, Program) -> T) {
        let (plugin, log) = (self.bench.path("forwarding_hook.so"), self.bench.path("log"));
        let bare = run(&self.bench, "bare", program.clone());
        let hooked = || program.clone().preload([&plugin]);
        let ways = [
            ("a forwarding hook", hooked()),
            ("a hook after the kernel", hooked().env("OBSERVE", "1")),
            ("INTERCEPT_LOG", program.clone().intercepted().env("INTERCEPT_LOG", &log)),
        ];
        for (name, program) in ways {
            let outcome = run(&self.bench, name, program);
            assert!(outcome == bare, "under {name}\n{outcome}\n=== bare\n{bare}");
        }
        let logged = std::fs::metadata(log).map_or(0, |log| log.len());
        assert!(logged > 0, "INTERCEPT_LOG logged nothing, so this test shows little");
    }
}

#[test]
fn ls_lists_a_large_tree() {
    Compared::new().program(&Program::new("ls").args(["-lR", "/usr/share"]));
}

#[test]
fn git_makes_a_repository_and_shows_its_history() {
    let script = "
        set -e
        export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
        export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2020-01-02T03:04:05Z'
        export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='2020-01-02T03:04:05Z'
        git init -b main repository; cd repository
        for i in 1 2 3; do echo $i > file$i; git add .; git commit -m \"number $i\"; done
        git mv file1 file4; git commit -am move; git log --stat --format=fuller; git status; git fsck; git diff HEAD~3
        git gc --quiet; git log --oneline; git branch other HEAD~1; git checkout other; ls";
    Compared::new().program(&Program::script(script));
}

#[test]
fn python_runs_threads_forks_and_programs() {
    let script = r#"
import os, subprocess, threading
results = [None] * 50
def work(i):
    r, w = os.pipe()
    os.write(w, str(i * i).encode())
    results[i] = int(os.read(r, 100))
    os.close(r); os.close(w)
threads = [threading.Thread(target=work, args=(i,)) for i in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(results)
statuses = []
for i in range(20):
    pid = os.fork()
    if pid == 0:
        os._exit(i)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(statuses)
print([subprocess.run(["echo", str(i)], capture_output=True).stdout for i in range(10)])
print(subprocess.run("exit 3; echo no", shell=True).returncode)
try:
    open("/no/such/file")
except OSError as error:
    print(error)
"#;
    Compared::new().program(&Program::new("/usr/bin/python3").args(["-c", script]));
}

#[test]
fn gcc_compiles_a_program_that_runs() {
    let script = r#"
        set -e
        echo '#include <stdio.h>
        int main(int argc, char **argv) { for (int i = 1; i < argc; i++) puts(argv[i]); return argc; }' > a.c
        gcc -O2 -Wall -o a a.c
        ./a some arguments || echo "status $?"
        echo 'int main(void) { return missing; }' > b.c
        gcc b.c || echo "status $?""#;
    Compared::new().program(&Program::script(script));
}

#[test]
fn tar_and_gzip_make_an_archive_and_unpack_it() {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let script = "
        set -e
        tar -C \"$0\" --sort=name --owner=0 --group=0 --mtime=@0 -c . | gzip -n > archive.tar.gz
        sha256sum archive.tar.gz; mkdir out; tar -C out -xzf archive.tar.gz; diff -r out \"$0\"; tar -tzvf archive.tar.gz";
    Compared::new().program(&Program::script(script).args([include]));
}

#[test]
fn sqlite_makes_a_database_and_asks_it() {
    let script = "
        create table numbers (n integer primary key, square integer);
        with recursive c(x) as (select 1 union all select x + 1 from c where x < 1000) insert into numbers select x, x * x from c;
        select count(*), sum(square) from numbers; select * from numbers where n % 100 = 0;
        create index by_square on numbers (square); begin; delete from numbers where n > 500; rollback;
        pragma integrity_check; select * from nowhere;";
    let program =
        Program::script("sqlite3 database || echo status $?; sqlite3 database .dump | sha256sum").stdin(script);
    Compared::new().program(&program);
}

#[test]
fn bash_runs_pipes_jobs_and_traps() {
    let script = "
        seq 1000 | sort -r | head -n 7 | tr '\\n' ' '
        for i in $(seq 20); do (exit $i) & wait $! || echo -n \"$? \"; done
        trap 'echo trapped' USR1; kill -USR1 $$
        (kill -TERM $BASHPID; echo not here); echo $?
        echo here > file; cat < file - <<< there; diff <(echo a) <(echo b)
        cat /no/such/file; yes | head -n 3; echo ${PIPESTATUS[@]}; coproc cat; echo through >&${COPROC[1]}
        read -r line <&${COPROC[0]}; echo $line; exit 42";
    Compared::new().each(&Program::script(script), |bench, _, program| {
        let outcome = program.folder(bench.empty_folder("here")).run();
        assert_eq!(outcome.code(), Some(42), "{outcome}");
        outcome
    });
}

#[test]
fn perl_forks_and_sorts() {
    let script = r#"
        my @children = map { my $n = $_; open(my $pipe, "-|") // die or do { print $n ** 3; exit }; $pipe } 1 .. 10;
        print map { <$_> . "\n" } @children;
        my %h = map { $_ => length } glob("/etc/*"); print scalar(keys %h) > 0 ? "files\n" : "none\n";
        print sort { $a cmp $b } map { "$_\n" } qw(c b a); system("exit 7"); print $? >> 8, "\n"; kill 9, $$;"#;
    Compared::new().each(&Program::new("perl").args(["-e", script]), |bench, _, program| {
        let outcome = program.folder(bench.empty_folder("here")).run();
        assert_eq!(outcome.signal(), Some(libc::SIGKILL), "{outcome}");
        outcome
    });
}

#[test]
fn xz_compresses_on_two_threads() {
    let script = "set -e; seq 300000 > numbers; xz -T2 --block-size=500KiB -0 -k numbers; sha256sum numbers.xz; xz -dc numbers.xz | cmp - numbers";
    Compared::new().program(&Program::script(script));
}

#[test]
fn programs_with_every_object_intercepted_say_what_they_always_say() {
    let git = Program::new("git").args(["--version"]);
    let python = Program::new("/usr/bin/python3").args(["-c", "print(1)"]);
    let clang = Program::new("clang").args(["--version"]);
    let bench = Workbench::new();
    let plugin = bench.plugin("forwarding_hook");
    for program in [git, python, clang] {
        let bare = program.run().success();
        let everything = program.env("INTERCEPT_ALL_OBJS", "1");
        for program in [everything.clone().intercepted(), everything.preload([&plugin])] {
            let outcome = program.run();
            assert!(outcome == bare, "{outcome}\n=== bare\n{bare}");
        }
    }
}
