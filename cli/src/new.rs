//! `intercept new`: a plugin to begin with, which builds and runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::Error;
use crate::output;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example: intercept new --lang c my-plugin && make -C my-plugin")]
pub(crate) struct Arguments {
    /// rust, or c
    #[arg(long, value_enum, default_value_t = Language::Rust, hide_possible_values = true)]
    lang: Language,
    /// The library's source, if not where this was built
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// The folder to make; its last component names the plugin
    #[arg(value_name = "NAME")]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Rust,
    C,
}

/// The files of a plugin, and what is in them.
const RUST: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../templates/rust/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../templates/rust/src/lib.rs.in")),
    ("README.md", include_str!("../templates/rust/README.md.in")),
    (".gitignore", include_str!("../templates/rust/gitignore.in")),
];
const C: [(&str, &str); 4] = [
    ("@NAME@.c", include_str!("../templates/c/plugin.c.in")),
    ("Makefile", include_str!("../templates/c/Makefile.in")),
    ("README.md", include_str!("../templates/c/README.md.in")),
    (".gitignore", include_str!("../templates/c/gitignore.in")),
];

/// Makes the folder and says how to go on.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let folder = &arguments.folder;
    let name = name(folder)?;
    let source = source(arguments.source.as_deref())?;
    let (files, blank) = match (arguments.lang, &source) {
        (Language::Rust, Some(source)) => (RUST, quoted(source)),
        // The library is on no registry.
        (Language::Rust, None) => {
            return Err(Error::new(
                "a plugin in Rust is built with the library's source, which is not where this command was built; give --source DIR",
            ));
        }
        (Language::C, source) => (C, source.clone().unwrap_or_default()),
    };
    let crate_name = name.replace('-', "_");
    let fill = |text: &str| text.replace("@NAME@", name).replace("@CRATE@", &crate_name).replace("@SOURCE@", &blank);
    fs::create_dir(folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::new(format_args!("{}: is there already; choose another name", folder.display()))
        }
        _ => Error::new(format_args!("{}: cannot be made: {error}", folder.display())),
    })?;
    for (path, text) in files {
        write(&folder.join(fill(path)), &fill(text))?;
    }
    let (build, plugin) = match arguments.lang {
        Language::Rust => ("cargo build --release", format!("target/release/lib{crate_name}.so")),
        Language::C => ("make", format!("./{name}.so")),
    };
    let next = format!(
        "Now there is a plugin in {}. To build and try it:\n\n    cd {}\n    {build}\n    intercept run --plugin {plugin} id -u\n",
        folder.display(),
        folder.display()
    );
    output::print(next.as_bytes())
}

/// What the plugin is called: what Cargo takes for a package, and a shell and make for a word.
fn name(folder: &Path) -> Result<&str, Error> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_fine = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character));
    // A package cannot have the name of what it depends on, nor of what every crate has.
    let is_taken =
        ["syscall_intercept", "std", "core", "alloc", "test", "proc_macro"].contains(&&*name.replace('-', "_"));
    if is_fine && !is_taken {
        return Ok(name);
    }
    let reason = if is_taken { "the name is taken" } else { "not a name for a plugin" };
    Err(Error::new(format_args!(
        "{}: {reason}; use letters, digits, - and _, beginning with a letter, like my-plugin",
        folder.display()
    )))
}

/// Where the library's source is: where it is said to be, or where it was when this command was built.
fn source(said: Option<&Path>) -> Result<Option<String>, Error> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let is_source = |folder: &Path| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line == "name = \"syscall_intercept\"")
    };
    let Some(folder) = said.or(built_in.filter(|folder| is_source(folder))) else { return Ok(None) };
    if !is_source(folder) {
        return Err(Error::new(format_args!(
            "{}: not the library's source; name the folder with its Cargo.toml",
            folder.display()
        )));
    }
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let text = absolute.to_str().ok_or_else(|| {
        Error::new(format_args!("{}: the path is no UTF-8, which Cargo needs; move the source", folder.display()))
    })?;
    Ok(Some(text.to_owned()))
}

/// A string as TOML has it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    let folder = file.parent().unwrap_or(file);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(file, text));
    written.map_err(|error| Error::new(format_args!("{}: cannot be written: {error}", file.display())))
}
