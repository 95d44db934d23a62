//! The example `sigterm` as a process manager treats it.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Built beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    target.join("examples/sigterm")
}

#[test]
fn nothing_is_lost_when_a_process_is_told_to_end() {
    for (signal, name) in [("-TERM", "SIGTERM"), ("-INT", "Ctrl-C")] {
        let mut service = Command::new(example())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo builds examples before it runs all tests; for one, run cargo build --examples");
        let mut output = BufReader::new(service.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with("serving"), "{line}");
        let pid = service.id().to_string();
        let kill = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(kill.success());
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert!(service.wait().unwrap().success(), "{rest}");
        assert!(rest.contains(&format!("told to end by {name}")), "{rest}");
    }
}
