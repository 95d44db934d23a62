//! `install` by the SDK's chain, where that leads to no region or no credentials.
#![cfg(feature = "aws-config")]

use std::process::{Command, Output};

/// Set in the child that installs. An environment cannot be changed safely in a process that has
/// threads, so each case gets a process of its own: this test's, started again.
const CHILD: &str = "INSTALL_IN_THIS_PROCESS";

fn install(environment: &[(&str, &str)]) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "child", "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        // No instance to ask for credentials, and no files to find them in.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .envs(environment.iter().copied());
    child.output().unwrap()
}

#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        match metrics_exporter_cloudwatch::CloudWatchBuilder::new("Test").install_blocking() {
            Ok(_) => println!("installed"),
            Err(error) => println!("refused: {error}"),
        }
    }
}

#[test]
fn what_is_missing_is_said_at_once() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let region = ("AWS_REGION", "eu-central-1");
    for (environment, said) in [
        (keys.to_vec(), "refused: no AWS region: set it in"),
        (vec![region], "refused: no AWS credentials"),
        (vec![keys[0], keys[1], region], "installed"),
    ] {
        let output = install(&environment);
        let output = String::from_utf8(output.stdout).unwrap();
        assert!(output.contains(said), "{said}: {output}");
    }
}
