//! ARCHITECTURE.md names files and what they define: all of it is there. The links of the pages beside it lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// What begins a definition.
const KEYWORDS: [&str; 8] = [
    "fn", "struct", "enum", "trait", "const", "static", "mod", "type",
];

#[test]
fn every_row_names_what_is_there() {
    let root = root();
    let page = read(&root.join("ARCHITECTURE.md"));
    let rows = rows(&page);
    assert!(rows.len() > 100, "the table was found: {} rows", rows.len());
    let ways = ways(&page);
    assert_eq!(ways.len(), 3, "of a sample, a failed and a refused request");
    let all = rows.iter().chain(&ways);
    let faults: Vec<String> = all.flat_map(|row| faults(&root, row)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn links_and_files_of_the_pages_are_there() {
    let root = root();
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = docs.map(|page| page.unwrap().path()).collect();
    pages.push(root.join("ARCHITECTURE.md"));
    let mut missing = Vec::new();
    for page in pages {
        let text = read(&page);
        let beside = page.parent().unwrap();
        let links = links(&text).map(|link| beside.join(link));
        let is_page_of_docs = beside != root;
        // The table has folders of its own, and a test of its own.
        let files =
            quoted(&text).filter(|one| is_page_of_docs && is_file(one) && one.contains('/'));
        let named = links.chain(files.map(|file| root.join(file)));
        missing.extend(named.filter(|path| !path.exists()));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn what_is_not_there_is_found_out() {
    let page = "| to change | open |\n|---|---|\n| **`tests/`: here** | |\n\
        | this | `architecture.rs`: `faults`, `Row::files`; `absent.rs`: `faults` |\n\
        | that | `architecture.rs`: `absent`, `Row::absent` |\n";
    let found: Vec<String> = rows(page)
        .iter()
        .flat_map(|row| faults(&root(), row))
        .collect();
    assert_eq!(
        found,
        [
            "this: no file tests/absent.rs",
            "that: tests/architecture.rs defines no `absent`",
            "that: tests/architecture.rs defines no `Row::absent`",
        ]
    );
}

#[test]
fn definitions_are_told_from_mentions() {
    let source = "use crate::absent;\n\
        pub(crate) enum Kind {\n    /// One.\n    Single,\n}\n\
        impl<T> Drop for Held<T> {\n    fn drop(&mut self) {\n        absent();\n    }\n}\n\
        mod inner {\n    impl Held {\n        pub const fn new() -> Self {}\n    }\n}\n\
        const LONGEST: u32 = 1;\n";
    for name in ["Kind", "Kind::Single", "Held::drop", "Held::new", "LONGEST"] {
        assert!(defines(source, name), "{name}");
    }
    for name in [
        "absent",
        "Kind::drop",
        "Held::LONGEST",
        "Held::absent",
        "LONG",
    ] {
        assert!(!defines(source, name), "{name}");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What to change, and where.
#[derive(Debug, Default)]
struct Row {
    topic: String,
    files: Vec<(String, Vec<String>)>,
}

impl Row {
    /// From `file`: `name`, `name`; `file`, and so on. Files are relative to a folder.
    fn files(folder: &str, cell: &str) -> Vec<(String, Vec<String>)> {
        let mut files: Vec<(String, Vec<String>)> = Vec::new();
        for one in quoted(cell) {
            if is_file(one) {
                files.push((format!("{folder}{one}"), Vec::new()));
            } else if let Some((_, names)) = files.last_mut() {
                names.push(one.to_owned());
            }
        }
        files
    }
}

/// The rows of the table whose rows in bold name the folder of those below.
fn rows(page: &str) -> Vec<Row> {
    let mut folder = String::new();
    let mut rows = Vec::new();
    let table = page
        .lines()
        .skip_while(|line| *line != "| to change | open |");
    for line in table.skip(2).take_while(|line| line.starts_with('|')) {
        let line = line.trim_matches(['|', ' ']);
        if line.starts_with("**") {
            let named = quoted(line).next();
            named.unwrap_or_default().clone_into(&mut folder);
            continue;
        }
        let (topic, cell) = line.split_once(" | ").unwrap_or((line, ""));
        rows.push(Row {
            topic: topic.to_owned(),
            files: Row::files(&folder, cell),
        });
    }
    rows
}

/// The paragraphs that name one function after the other.
fn ways(page: &str) -> Vec<Row> {
    let paragraphs = page.split("\n\n");
    let ways = paragraphs.filter(|paragraph| paragraph.starts_with("**The way of"));
    ways.map(|way| Row {
        topic: way.lines().next().unwrap_or_default().to_owned(),
        files: Row::files("", way),
    })
    .collect()
}

fn faults(root: &Path, row: &Row) -> Vec<String> {
    let topic = &row.topic;
    let mut faults = Vec::new();
    if row.files.is_empty() {
        faults.push(format!("{topic}: names no file"));
    }
    for (file, names) in &row.files {
        let Ok(source) = fs::read_to_string(root.join(file)) else {
            faults.push(format!("{topic}: no file {file}"));
            continue;
        };
        let absent = names.iter().filter(|name| !defines(&source, name));
        faults.extend(absent.map(|name| format!("{topic}: {file} defines no `{name}`")));
    }
    faults
}

/// Whether a source defines a name: `name` anywhere, `Type::name` in a block of that type.
fn defines(source: &str, name: &str) -> bool {
    match name.split_once("::") {
        None => source.lines().any(|line| begins(line, name)),
        Some((of, name)) => blocks(source, of).any(|(header, lines)| {
            let is_variant = |line: &&str| header.contains("enum ") && word(line.trim()) == name;
            lines
                .iter()
                .any(|line| begins(line, name) || is_variant(line))
        }),
    }
}

/// The blocks whose first line is about a type, by that line.
fn blocks<'a>(source: &'a str, of: &'a str) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
    let lines: Vec<&str> = source.lines().collect();
    (0..lines.len()).filter_map(move |at| {
        let header = lines[at];
        let text = header.trim_start();
        let is_its = (text.starts_with("impl") && words(text).any(|word| word == of))
            || (begins(text, of) && ["enum ", "trait "].iter().any(|kind| text.contains(kind)));
        let end = format!("{}}}", &header[..header.len() - text.len()]);
        let body = lines[at + 1..].iter().take_while(|line| **line != end);
        is_its.then(|| (header, body.copied().collect()))
    })
}

/// Whether a line begins the definition of a name.
fn begins(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let words: Vec<&str> = words(line).collect();
    let mut pairs = words.windows(2);
    !line.starts_with("//") && pairs.any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|next: char| next != '_' && !next.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn word(text: &str) -> &str {
    words(text).next().unwrap_or_default()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_file(text: &str) -> bool {
    text == ".ci/run"
        || [".rs", ".md", ".toml"]
            .iter()
            .any(|end| text.ends_with(end))
}

/// Relative links, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}
