"""Libcs of several Debian releases: fetched as packages, unpacked into a folder, compiled against.

Nothing is installed. Each package index, package and tree stays under the folder, so later runs need no network.
"""

import os
import pathlib
import re
import subprocess

# Suite and kind; the versions are found out. Debian 11 is the oldest glibc that is supported; sid has the newest.
WANTED = [("bullseye", "glibc"), ("bookworm", "glibc"), ("trixie", "glibc"), ("sid", "glibc"), ("bookworm", "musl"), ("sid", "musl")]
PACKAGES = {
    # libgcc-s1: glibc opens libgcc_s.so.1 when a thread is cancelled.
    "glibc": ["libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1"],
    "musl": ["musl", "musl-dev"],
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def output_bytes(*command):
    return run(*command, stdout=subprocess.PIPE).stdout


def output(*command):
    return output_bytes(*command).decode().strip()


def mirror():
    """The Debian mirror this machine uses; MATRIX_MIRROR names another one."""
    if "MATRIX_MIRROR" in os.environ:
        return os.environ["MATRIX_MIRROR"]
    known = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    return next(uri for uri in known if re.search(r"/debian/?$", uri))


class Libc:
    """One libc: `name` is that of its column."""

    def __init__(self, folder, suite, kind):
        self.kind = kind
        self.root = folder / f"{kind}-{suite}"
        self.suite = suite
        if not (self.root / "complete").exists():
            self.fetch(folder / f"apt-{suite}")
        version = (self.root / "complete").read_text()
        self.name = f"{kind} {re.match(r'[0-9.]+', version)[0]}"
        if kind == "glibc":
            self.libraries = self.root / "usr/lib/x86_64-linux-gnu"
            self.loader = self.root / "lib64/ld-linux-x86-64.so.2"
        else:
            self.libraries = self.root / "usr/lib/x86_64-linux-musl"
            self.loader = self.root / "lib/ld-musl-x86_64.so.1"

    def fetch(self, apt):
        """Downloads with a private configuration of apt: the machine's own stays as it is."""
        for name in ["lists/partial", "cache/archives/partial", "packages"]:
            (apt / name).mkdir(parents=True, exist_ok=True)
        sources = apt / "sources.list"
        sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {self.suite} main\n")
        options = [
            f"Dir::Etc::SourceList={sources}", "Dir::Etc::SourceParts=/dev/null", f"Dir::State::Lists={apt}/lists",
            "Dir::State::Status=/dev/null", f"Dir::Cache={apt}/cache", "Acquire::Languages=none", "APT::Sandbox::User=",
        ]
        command = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
        print(f"fetching {self.kind} of {self.suite}", flush=True)
        run(*command, "update")
        run(*command, "download", *PACKAGES[self.kind], cwd=apt / "packages")
        # Older packages have /lib, newer ones /usr/lib: unpacked through links into one tree, as on a merged system.
        for name in ["lib", "lib64"]:
            (self.root / "usr" / name).mkdir(parents=True, exist_ok=True)
            if not (self.root / name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        for package in PACKAGES[self.kind]:
            file = max((apt / "packages").glob(f"{package}_*.deb"), key=os.path.getmtime)
            contents = output_bytes("dpkg-deb", "--fsys-tarfile", file)
            run("tar", "-x", "--keep-directory-symlink", "-C", self.root, input=contents)
            if package == PACKAGES[self.kind][0]:
                version = output("dpkg-deb", "-f", file, "Version")
        # Links to absolute paths would lead to the machine's own libc.
        for link in self.root.rglob("*"):
            if link.is_symlink() and link.readlink().is_absolute():
                inside = self.root / str(link.readlink()).lstrip("/")
                link.unlink()
                link.symlink_to(os.path.relpath(inside, link.parent))
        (self.root / "complete").write_text(version)

    def objects(self):
        """What is patched in a program with threads."""
        names = ["libc.so.6", "libpthread.so.0"] if self.kind == "glibc" else ["libc.so"]
        return [self.libraries / name for name in names]

    def compile(self, source, program, *options):
        """Builds a program that this libc's own loader starts, so that the programs it starts have the same libc."""
        loader = [f"-Wl,--dynamic-linker={self.loader}"]
        # DT_RPATH and not DT_RUNPATH: it also holds for what libc itself opens.
        loader += ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{self.libraries}"]
        common = ["cc", "-w", "-O1", "-fPIC", source, "-o", program, *options, *loader, "-Wl,--as-needed"]
        if self.kind == "glibc":
            # The compiler would take crt1.o and libc.so from the machine's own libc first, were it not for -B.
            run(*common, f"--sysroot={self.root}", f"-B{self.libraries}", "-pthread", "-ldl")
            return
        gcc = lambda name: output("cc", f"-print-file-name={name}")
        shared = "-shared" in options
        start = [] if shared else [self.libraries / "Scrt1.o"]
        start += [self.libraries / "crti.o", gcc("crtbeginS.o")]
        headers = ["-nostdinc", "-isystem", self.root / "usr/include/x86_64-linux-musl", "-isystem", gcc("include")]
        run(*common, "-nostdlib", *headers, *([] if shared else ["-pie"]), *start, f"-L{self.libraries}", "-lc", "-lgcc",
            gcc("crtendS.o"), self.libraries / "crtn.o")


def fetch_all(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [Libc(folder, suite, kind) for suite, kind in WANTED]
