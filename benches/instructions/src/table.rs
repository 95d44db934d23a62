//! The table that is kept: Markdown, to be read by people and by this.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/COUNTS.md");
const COMPILER: &str = "Compiled by ";

/// By how much a count may differ, to either side: what became cheaper is to be kept, too.
pub(crate) const TOLERANCE: f64 = 0.03;

pub(crate) struct Table {
    compiler: String,
    /// Operations, and their instructions.
    rows: Vec<(String, f64)>,
}

impl Table {
    pub(crate) fn of(compiler: &str) -> Self {
        Self {
            compiler: compiler.to_owned(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, operation: &str, instructions: f64) {
        self.rows.push((operation.to_owned(), instructions));
    }

    pub(crate) fn compiler(&self) -> &str {
        &self.compiler
    }

    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(PATH).context(PATH)?;
        let compiler = text.lines().find_map(|line| line.strip_prefix(COMPILER));
        let mut table = Self::of(compiler.context("the table names no compiler")?);
        for line in text.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let [_, operation, instructions, _] = cells[..]
                && let Ok(instructions) = instructions.parse()
            {
                table.push(operation, instructions);
            }
        }
        Ok(table)
    }

    pub(crate) fn write(&self) -> Result<()> {
        let mut text = format!(
            "# Instructions\n\nOf one operation, by callgrind; `cargo run --profile instructions -p instructions` \
             compares, and replaces\nthis file with `-- --write`.\n\n{COMPILER}{}\n\n\
             | operation | instructions |\n|---|---:|\n",
            self.compiler
        );
        for (operation, instructions) in &self.rows {
            writeln!(text, "| {operation} | {instructions:.1} |")?;
        }
        fs::write(PATH, text).context(PATH)
    }

    /// For people.
    pub(crate) fn beside(&self, kept: &Self) -> String {
        let mut text = format!("{:50} {:>10} {:>10}\n", "instructions", "kept", "now");
        for (operation, now) in &self.rows {
            let kept = kept
                .get(operation)
                .map_or_else(|| "-".to_owned(), |kept| format!("{kept:.1}"));
            let _ = writeln!(text, "{operation:50} {kept:>10} {now:>10.1}");
        }
        text
    }

    /// What is too far off, or in one of the tables only.
    pub(crate) fn changed(&self, kept: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        for (operation, now) in &self.rows {
            let is_near = |kept: f64| (now - kept).abs() <= kept * TOLERANCE;
            if !kept.get(operation).is_some_and(is_near) {
                changed.push(operation.clone());
            }
        }
        for (operation, _) in &kept.rows {
            if self.get(operation).is_none() {
                changed.push(operation.clone());
            }
        }
        changed
    }

    fn get(&self, operation: &str) -> Option<f64> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.0 == operation).map(|row| row.1)
    }
}
