//! `README.md` and `docs/`: what they quote is in the files, what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{Built, Program, Source, Workbench};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README and the pages in `docs/`.
fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<PathBuf> = docs.chain([root().join("README.md")]).collect();
    assert!(pages.len() > 1);
    pages
}

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> impl Iterator<Item = &'a str> {
    text.split(begin).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
}

/// The examples a page shows whole: a link to the file and a colon, an empty line, and a block with what is in it.
#[track_caller]
fn quotes(page: &str) -> BTreeSet<String> {
    let page = text(page);
    let mut quoted = BTreeSet::new();
    for rest in page.split("\n[`").skip(1) {
        let Some((file, rest)) = rest.split_once("`](../") else { continue };
        let Some(rest) = rest.strip_prefix(&format!("{file}):\n\n```")) else { continue };
        let (_, block) = rest.split_once('\n').unwrap();
        let (block, _) = block.split_once("\n```\n").unwrap();
        assert_eq!(format!("{block}\n"), text(file), "{file}");
        quoted.insert(file.to_owned());
    }
    // No block of a plugin is anything else.
    let blocks = page.lines().filter(|line| ["```c", "```rust"].contains(line)).count();
    assert_eq!(blocks, quoted.len(), "{quoted:?}");
    quoted
}

#[test]
fn the_cookbook_shows_the_examples() {
    let quoted = quotes("docs/cookbook.md");
    assert!(quoted.len() > 5, "{quoted:?}");
    // Those it does not show it names.
    let cookbook = text("docs/cookbook.md");
    for example in std::fs::read_dir(root().join("examples/c")).unwrap() {
        let name = format!("examples/c/{}", example.unwrap().file_name().to_str().unwrap());
        assert!(cookbook.contains(&name), "{name}");
    }
}

#[test]
fn the_first_plugin_is_what_intercept_new_makes() {
    let templates = ["cli/templates/c/plugin.c.in", "cli/templates/rust/src/lib.rs.in"];
    assert_eq!(quotes("docs/first-plugin.md"), templates.map(str::to_owned).into());
}

#[test]
fn the_readme_shows_plugins_that_work() {
    let readme = text("README.md");
    let block = |language: &str| between(&readme, &format!("\n```{language}\n"), "\n```\n").next().unwrap().to_owned();
    let in_rust = text("examples/no-directories/lib.rs");
    let in_rust: Vec<&str> = in_rust.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
    assert_eq!(block("rust"), in_rust.join("\n"));
    let bench = Workbench::new();
    bench.file("plugin.c", &block("c"));
    // It is short, and so does not say that it has no use for arguments.
    let source = Source::example(bench.path("plugin.c").to_str().unwrap()).flags(&["-Wno-unused-parameter"]).shared();
    let plugin = source.linked(bench.folder()).compile(&bench.path("plugin.so"));
    let outcome = Program::new("ls").preload([plugin]).run();
    assert_eq!(outcome.stderr(), "ls: reading directory '.': Operation not supported\n", "{outcome}");
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let folder = page.parent().unwrap();
        let links = text(&page);
        let links: Vec<&str> = between(&links, "](", ")").filter(|link| !link.starts_with("https://")).collect();
        for link in links {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !section.is_empty() {
                let headings = text(&target);
                let mut headings = headings.lines().filter_map(|line| line.strip_prefix("## "));
                assert!(headings.any(|heading| anchor(heading) == section), "{}: {link}", page.display());
            }
        }
    }
}

#[test]
fn each_promise_has_its_test() {
    let readme = text("README.md");
    let promises = between(&readme, "\n## What is promised", "\n## ").next().unwrap();
    let rows = promises.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = rows.take_while(|line| line.starts_with("| "));
    let mut count = 0;
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit_once(" | ").unwrap().1;
        for name in tests.split('`').skip(1).step_by(2) {
            let is_there = match name.strip_suffix('*') {
                Some(start) => text("tests/preload/main.rs").contains(&format!("\nmod {start}")),
                None => root().join(name).is_file() || root().join(format!("tests/preload/{name}.rs")).is_file(),
            };
            assert!(is_there, "{name}: {row}");
            count += 1;
        }
    }
    assert!(count > 10, "{promises}");
}

#[test]
fn each_subcommand_has_a_chapter_with_its_options() {
    let page = text("docs/command.md");
    let help =
        |args: &[&str]| Program::new(Built::get().intercept()).args(args.iter().copied()).run().success().stdout();
    let main = help(&["--help"]);
    let commands = main.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 5, "{main}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let chapter =
            page.split_once(&format!("\n## {command}\n")).unwrap_or_else(|| panic!("{command}: no chapter")).1;
        let chapter = chapter.split("\n## ").next().unwrap();
        assert!(chapter.contains("```console\n$ ") && chapter.contains("intercept"), "{command}: no example");
        for line in help(&[command, "--help"]).lines().filter(|line| line.trim_start().starts_with('-')) {
            let option = line.trim_start().split("  ").next().unwrap();
            for name in option.split(", ").map(|name| name.split([' ', '.', '[', '=']).next().unwrap()) {
                let named = chapter.contains(&format!("`{name}`")) || chapter.contains(&format!("`{name} "));
                assert!(named || ["-h", "--help"].contains(&name), "{command}: {name}");
            }
        }
    }
}

#[test]
fn the_readme_names_each_variable() {
    let config = text("src/config.rs");
    let variables: BTreeSet<&str> = between(&config, "\"INTERCEPT_", "\"").collect();
    let readme = text("README.md");
    assert!(variables.len() > 5);
    for variable in variables {
        assert!(readme.contains(&format!("`INTERCEPT_{variable}`")), "{variable}");
    }
}
