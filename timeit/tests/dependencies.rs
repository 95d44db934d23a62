//! What a library compiles that depends on `metrics-timeit`.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// With itself and the library.
const MAX_CRATES: usize = 19;

/// A library outside of the workspace, as a user's is. Of its dependencies all have been compiled for this test, so
/// that nothing has to be downloaded.
fn library() -> Metadata {
    let package = env!("CARGO_MANIFEST_DIR");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-library");
    fs::create_dir_all(library.join("src")).unwrap();
    fs::write(library.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = \"a-library\"\nedition = \"2024\"\n\
        [dependencies]\nmetrics-timeit = {{ path = {package:?} }}\n[workspace]\n"
    );
    fs::write(library.join("Cargo.toml"), manifest).unwrap();
    let locked = Path::new(package).join("../Cargo.lock");
    fs::copy(locked, library.join("Cargo.lock")).unwrap();
    MetadataCommand::new()
        .manifest_path(library.join("Cargo.toml"))
        .other_options(["--offline".into(), "--filter-platform".into(), host()])
        .exec()
        .expect("cargo knows the library")
}

fn host() -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let said = Command::new(cargo).arg("-vV").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo knows its host").to_owned()
}

/// The names of all packages that one is built from.
fn built_for(metadata: &Metadata, package: &PackageId) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("it was asked for");
    let mut waiting = vec![package.clone()];
    let mut seen = BTreeSet::new();
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let dependencies = resolve[&next].deps.iter();
        let built = dependencies.filter(|dependency| {
            let mut kinds = dependency.dep_kinds.iter();
            kinds.any(|kind| kind.kind != DependencyKind::Development)
        });
        waiting.extend(built.map(|dependency| dependency.pkg.clone()));
    }
    seen.iter()
        .map(|id| metadata[id].name.to_string())
        .collect()
}

#[test]
fn a_library_compiles_few_crates_and_no_sdk() {
    let metadata = library();
    let library = &metadata.workspace_members[0];
    let crates = built_for(&metadata, library);
    // Down to what the macros are made with.
    for part in ["a-library", "metrics-timeit", "metrics", "syn"] {
        assert!(crates.contains(part), "{crates:?}");
    }
    assert!(crates.len() <= MAX_CRATES, "{crates:?}");
    let heavy = |name: &&String| name.starts_with("aws") || *name == "tokio";
    assert_eq!(crates.iter().find(heavy), None);
}
