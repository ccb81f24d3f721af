//! The architecture as a test: modules import only floors below them.

use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the library with its floor. A module may import only from lower floors.
const FLOORS: [(&str, u32); 27] = [
    ("model", 0),
    ("figure", 0),
    ("processor", 0),
    ("codec", 1),
    ("files", 1),
    ("input", 1),
    ("language", 1),
    ("log", 2),
    ("dictionary", 2),
    ("profiles", 2),
    ("index", 2),
    ("saved", 2),
    ("helpers", 2),
    ("segment", 3),
    ("store", 4),
    ("executor", 5),
    ("pages", 5),
    ("testkit", 7),
    ("tracker", 5),
    ("workspace", 5),
    ("client", 6),
    ("reports", 6),
    ("demo", 6),
    ("docs", 7),
    ("html", 7),
    ("server", 8),
    ("cli", 9),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module of the library that a file belongs to: `codec` for `src/codec/bits.rs`.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(source()).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    let module = first.trim_end_matches(".rs");
    (!["lib", "main"].contains(&module)).then(|| module.to_owned())
}

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The modules that a file names after `crate::`, comments aside.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn modules_import_only_floors_below_them() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut wrong = Vec::new();
    for path in files {
        let Some(module) = module_of(&path) else { continue };
        let Some(own) = floor(&module) else {
            wrong.push(format!("{}: module `{module}` has no floor; give it one in this test", path.display()));
            continue;
        };
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(other) = floor(&import) else { continue };
            if import != module && other >= own {
                wrong.push(format!("{}: `{module}` (floor {own}) imports `{import}` (floor {other})", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_say_what_they_own_and_are_not_too_long() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not begin with `//!`", path.display()));
        }
        if text.lines().count() > 600 {
            wrong.push(format!("{} has more than 600 lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_files_module_touches_the_file_system() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    let mut wrong = Vec::new();
    for path in files.iter().filter(|path| module_of(path).is_some_and(|module| module != "files" && module != "cli")) {
        let text = fs::read_to_string(path).unwrap();
        for banned in ["std::fs", "unsafe "] {
            let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(banned));
            if used {
                wrong.push(format!("{} uses `{banned}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_of_the_documentation_is_run() {
    let modules = fs::read_to_string(source().join("docs.rs")).unwrap();
    let (_, list) = modules.rsplit_once("pages!(").unwrap();
    let mut run: Vec<&str> = list.split_once(')').unwrap().0.split_whitespace().chain(["README"]).collect();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "pictures")
        .collect();
    run.sort_unstable();
    pages.sort_unstable();
    assert_eq!(run.iter().map(|page| format!("{page}.md")).collect::<Vec<_>>(), pages);
}
