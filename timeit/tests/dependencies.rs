//! What a library compiles that depends on `metrics-timeit`.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::BTreeSet;

/// With itself and the library.
const MAX_CRATES: usize = 19;

fn resolved() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .expect("cargo knows this workspace")
}

/// The names of all packages that one is built from, on whatever platform.
fn built_for(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("it was asked for");
    let id = |name: &str| {
        let mut all = metadata.packages.iter();
        all.find(|one| one.name == name).map(|one| one.id.clone())
    };
    let mut waiting: Vec<PackageId> = id(package).into_iter().collect();
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
    let metadata = resolved();
    let library = built_for(&metadata, "pricing");
    assert!(library.contains("metrics-timeit"), "{library:?}");
    assert!(library.len() <= MAX_CRATES, "{library:?}");
    let heavy = |name: &&String| name.starts_with("aws") || *name == "tokio";
    assert_eq!(library.iter().find(heavy), None);
    // The measure itself: the exporter has them.
    let exporter = built_for(&metadata, "metrics-exporter-cloudwatch");
    assert!(exporter.len() > MAX_CRATES && exporter.iter().any(|name| heavy(&name)));
}
