//! Counts what a process of this program does, by valgrind.

use crate::operation::Operation;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use std::env;
use std::process::Command;

/// Instructions for one operation: what it takes more to do it more often.
pub(crate) fn instructions(operation: Operation) -> Result<f64> {
    let (times, operations) = operation.times();
    let (once, twice) = (collect(operation, times)?, collect(operation, 2 * times)?);
    Ok((twice - once) / f64::from(times) / f64::from(operations))
}

fn collect(operation: Operation, times: u32) -> Result<f64> {
    let name = operation.to_possible_value().context("it has a name")?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*operation::counted*")
        .arg(env::current_exe()?)
        .arg("repeat")
        .args(["--operation", name.get_name()])
        .args(["--times", &times.to_string()])
        .output()
        .context("valgrind does not run; `apt-get install valgrind`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", output.status);
    // "==123== Collected : 456"
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, instructions) = collected.with_context(|| format!("no count in: {said}"))?;
    Ok(instructions.trim().parse()?)
}
