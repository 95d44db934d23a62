//! The README says what the log says of each failure: these are the words of the code.

use std::fs;
use std::path::Path;

/// What an operator may run into: each has a row.
const FAILURES: [&str; 18] = [
    "no connection",
    "throttling",
    "credentials take long at the start",
    "credentials take long later",
    "no permission",
    "a wrong endpoint",
    "is not accepted",
    "some of a request is refused",
    "an answer is lost",
    "the queue is full",
    "clock is off",
    "disk is full",
    "something else is in the journal's folder",
    "the journal's folder is removed",
    "file system cannot sync folders",
    "another process has the journal",
    "the runtime ends",
    "nothing arrives at all",
];

#[test]
fn the_log_says_what_the_failure_table_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("README.md")).unwrap();
    let source = sources(&root.join("src"));
    let (_, section) = page.split_once("### When something fails").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<&str>> = rows.skip(1).map(|row| row.split(" | ").collect()).collect();
    for failure in FAILURES {
        let is_told = rows.iter().any(|row| row[0].contains(failure));
        assert!(is_told, "no row for {failure:?}");
    }
    let mut wrong = Vec::new();
    for row in &rows {
        assert_eq!(row.len(), 3, "{row:?}");
        let said: Vec<&str> = row[2].split('`').skip(1).step_by(2).collect();
        assert!(!said.is_empty(), "nothing is quoted: {row:?}");
        wrong.extend(said.into_iter().filter(|words| !source.contains(words)));
    }
    assert!(wrong.is_empty(), "nothing logs {wrong:#?}");
    // Of the paragraph below, too.
    for words in [
        "the exporter has started",
        "the first data were accepted",
        "the exporter has ended",
    ] {
        assert!(section.contains(words) && source.contains(words), "{words}");
    }
}

/// The code, without comments.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(path).unwrap();
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            lines.for_each(|line| {
                all += line;
                all.push('\n');
            });
        }
    }
    all
}
