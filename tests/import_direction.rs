//! A stage imports only what stands before it in the flow. Tests within `src/` may import anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate's root. Each may import those before it.
const ORDER: [&str; 13] = [
    "limits", "clock", "model", "settings", "collect", "view", "reduce", "journal", "delivery",
    "sinks", "report", "control", "testing",
];

#[test]
fn a_stage_imports_only_what_stands_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut backward = Vec::new();
    for file in rust_files(&root) {
        let path = file.strip_prefix(&root).unwrap();
        let stage = stage_of(path);
        if stage == "lib" || is_test(path) {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        let root = "super::".repeat(depth(path));
        for import in imports(&source.replace(&root, "crate::")) {
            if place(stage) < place(import) {
                backward.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(backward.is_empty(), "{backward:#?}");
}

fn place(module: &str) -> usize {
    let place = ORDER.iter().position(|one| *one == module);
    place.unwrap_or_else(|| {
        panic!("`crate::` is not followed by a module of ORDER, but by {module:?}")
    })
}

/// The module of the crate's root that a file belongs to.
fn stage_of(path: &Path) -> &str {
    let first = path.iter().next().unwrap().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// How many modules a file's own is away from the crate's root.
fn depth(path: &Path) -> usize {
    path.iter().filter(|part| *part != "mod.rs").count()
}

fn is_test(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The modules of the crate's root that code names, also within functions.
fn imports(source: &str) -> BTreeSet<&str> {
    let code = source.lines().take_while(|line| *line != "mod tests {");
    code.filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_lowercase());
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let source = "use crate::model::unit::Unit;\n\
        /// See [`crate::control`].\n\
        fn f(view: &crate::view::View) -> crate::reduce::Encoder {\n\
        mod tests {\n\
        use crate::sinks::memory;";
    let found: Vec<_> = imports(source).into_iter().collect();
    assert_eq!(found, ["model", "reduce", "view"]);
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
