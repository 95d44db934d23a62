//! Counts the instructions of the hot operations and compares them with the table that is kept beside it:
//! `cargo run --profile instructions -p instructions`, and `-- --write` to replace the table.

mod callgrind;
mod calls;
mod operation;
mod table;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use operation::Operation;
use table::Table;

/// The counts depend on it.
const COMPILER: &str = env!("COMPILER");

/// Count the instructions of the hot operations, by callgrind; takes less than a minute.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    process: Option<Process>,
    /// Replace the table that is kept, instead of comparing with it.
    #[arg(long)]
    write: bool,
}

#[derive(Subcommand)]
enum Process {
    /// One operation, again and again: what callgrind looks at.
    #[command(hide = true)]
    Repeat {
        #[arg(long)]
        operation: Operation,
        #[arg(long)]
        times: u32,
    },
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(Process::Repeat { operation, times }) = options.process {
        return operation.repeat(times);
    }
    let mut now = Table::of(COMPILER);
    for &operation in Operation::value_variants() {
        now.push(operation.title(), callgrind::instructions(operation)?);
    }
    if options.write {
        return now.write();
    }
    let kept = Table::read()?;
    print!("{}", now.beside(&kept));
    if kept.compiler() != COMPILER {
        println!(
            "\nThe table is of {}, and this is {COMPILER}: nothing to compare.",
            kept.compiler()
        );
        return Ok(());
    }
    let changed = now.changed(&kept);
    if !changed.is_empty() {
        bail!(
            "more than {} % off the table: {}; if that is as it should be, `cargo run --profile instructions -p \
             instructions -- --write`",
            table::TOLERANCE * 100.0,
            changed.join(", ")
        );
    }
    Ok(())
}
