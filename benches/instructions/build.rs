//! Tells the program what compiled it: the counts depend on that.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").expect("cargo sets it");
    let version = Command::new(rustc).arg("--version").output();
    let version = String::from_utf8(version.expect("it runs").stdout).expect("it is text");
    let target = env::var("TARGET").expect("cargo sets it");
    println!("cargo::rustc-env=COMPILER={}, {target}", version.trim_end());
}
