//! What somebody compiles who depends on `metrics-timeit`, or on the exporter without the AWS SDK.

use cargo_metadata::semver::{Version, VersionReq};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A library outside of the workspace, as a user's is, with one dependency. Of its dependencies all have been compiled
/// for this test, so that nothing has to be downloaded.
fn library(name: &str, dependency: &str) -> Metadata {
    let package = env!("CARGO_MANIFEST_DIR");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(library.join("src")).unwrap();
    fs::write(library.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = {name:?}\nedition = \"2024\"\n[dependencies]\n{dependency}\n[workspace]\n"
    );
    fs::write(library.join("Cargo.toml"), manifest).unwrap();
    let locked = Path::new(package).join("Cargo.lock");
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

fn crates(name: &str, dependency: &str) -> BTreeSet<String> {
    let metadata = library(name, dependency);
    built_for(&metadata, &metadata.workspace_members[0])
}

#[test]
fn a_library_that_times_itself_compiles_few_crates_and_no_sdk() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("timeit");
    let crates = crates(
        "a-library",
        &format!("metrics-timeit = {{ path = {path:?} }}"),
    );
    // Down to what the macros are made with.
    for part in ["a-library", "metrics-timeit", "metrics", "syn"] {
        assert!(crates.contains(part), "{crates:?}");
    }
    // With itself.
    assert!(crates.len() <= 19, "{crates:?}");
    let heavy = |name: &&String| name.starts_with("aws") || *name == "tokio";
    assert_eq!(crates.iter().find(heavy), None);
}

#[test]
fn without_the_sdk_there_are_fewer_than_40_crates_and_none_of_awss() {
    let path = env!("CARGO_MANIFEST_DIR");
    let dependency =
        format!("metrics-exporter-cloudwatch = {{ path = {path:?}, default-features = false }}");
    let crates = crates("without-sdk", &dependency);
    for part in [
        "metrics-exporter-cloudwatch",
        "metrics-recording",
        "tokio",
        "syn",
    ] {
        assert!(crates.contains(part), "{crates:?}");
    }
    assert!(crates.len() < 40, "{crates:?}");
    let awss =
        |name: &&String| name.contains("aws") || name.contains("smithy") || name.contains("http");
    assert_eq!(crates.iter().find(awss), None);
}

/// Each direct dependency of a published package, with what a bound admits of the versions in the lock file of lowest
/// versions, where that is not the bound alone.
fn beside_the_bounds(lock: &str) -> Vec<(String, VersionReq, Vec<Version>)> {
    let packages = MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo knows this workspace")
        .packages;
    let published = packages.iter().filter(|one| one.publish.is_none());
    let dependencies = published.flat_map(|one| &one.dependencies);
    let direct = dependencies.filter(|one| {
        let is_by_path = one.path.is_some();
        one.kind != DependencyKind::Development && !is_by_path
    });
    let mut beside = Vec::new();
    for dependency in direct {
        let name = format!("name = {:?}\n", dependency.name);
        let packages = lock.split("[[package]]\n");
        let named = packages.filter_map(|package| package.strip_prefix(&name));
        let versions = named.map(|rest| {
            let version = rest.split('"').nth(1).expect("a version");
            Version::parse(version).expect("a version")
        });
        let admitted: Vec<Version> = versions.filter(|one| dependency.req.matches(one)).collect();
        let [bound] = &dependency.req.comparators[..] else {
            panic!("{} has one bound", dependency.name)
        };
        let part = |part: Option<u64>| part.unwrap_or_default();
        let lowest = Version::new(bound.major, part(bound.minor), part(bound.patch));
        if admitted != [lowest] {
            beside.push((dependency.name.clone(), dependency.req.clone(), admitted));
        }
    }
    beside
}

/// `.ci/run` compiles with that lock file, so that each bound is true. `.ci/lowest/update` makes it.
#[test]
fn the_lock_file_of_lowest_versions_has_the_bound_of_each_dependency() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/lowest/Cargo.lock");
    let lock = fs::read_to_string(file).unwrap();
    assert_eq!(beside_the_bounds(&lock), []);
    // The lock file of all else has later ones.
    let latest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    let latest = fs::read_to_string(latest).unwrap();
    let others = beside_the_bounds(&latest);
    assert!(
        others.iter().any(|(name, ..)| name == "tokio"),
        "{others:?}"
    );
    assert!(!beside_the_bounds("").is_empty());
}

/// `PutMetricData` in CBOR, whose size is known to the byte. Before there was another protocol.
#[test]
fn no_sdk_is_taken_that_speaks_another_protocol() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/lowest/Cargo.lock");
    let lock = fs::read_to_string(manifest).unwrap();
    let packages = lock.split("[[package]]\n");
    let mut sdk = packages.filter(|one| one.starts_with("name = \"aws-sdk-cloudwatch\"\n"));
    let (sdk, other) = (sdk.next().expect("it is there"), sdk.next());
    assert!(
        other.is_none() && sdk.contains("\"aws-smithy-cbor\""),
        "{sdk}"
    );
    assert!(!sdk.contains("\"aws-smithy-query\""), "{sdk}");
}
