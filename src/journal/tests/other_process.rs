//! The lock, and disks that are full in earnest.

use super::*;
use std::process::Stdio;

#[test]
fn one_journal_at_a_time_in_a_process() {
    let scratch = Scratch::new();
    let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_locked(&scratch.dir());
    drop(journal);
    Journal::open(&scratch.dir(), PLENTY).unwrap();
}

fn assert_locked(dir: &Path) {
    let error = Journal::open(dir, PLENTY).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
}

fn hold(dir: &Path) {
    let _journal = Journal::open(dir, PLENTY).unwrap();
    println!("\nlocked");
    // Until the parent kills us, or is gone.
    _ = io::stdin().read_line(&mut String::new());
}

#[test]
fn one_process_at_a_time() {
    use io::BufRead;
    if let Some(dir) = child_dir() {
        return hold(&dir);
    }
    let scratch = Scratch::new();
    let mut command = child("other_process::one_process_at_a_time", &scratch.dir());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let lines = io::BufReader::new(process.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line == "locked"));
    assert_locked(&scratch.dir());
    process.kill().unwrap();
    process.wait().unwrap();
    Journal::open(&scratch.dir(), PLENTY).unwrap();
}

/// Writes until the system refuses; `kind` is why.
#[cfg(unix)]
fn fill(dir: &Path, payload: impl Fn(usize) -> Vec<u8>, kind: io::ErrorKind) {
    let (mut journal, _) = Journal::open(dir, 64 * PLENTY).unwrap();
    let numbers = 1..1000_u16;
    let error = numbers.map(|n| {
        journal
            .write(n.into(), &payload((n - 1).into()), false)
            .error
    });
    let error = error.flatten().next().expect("the disk is never full");
    let JournalError::Io { reason, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(reason.kind(), kind, "{error}");
    let before = records(&journal);
    assert!(before.len() > 2);
    assert!(
        before
            .iter()
            .all(|e| e.1 == payload(usize::try_from(e.0).unwrap() - 1))
    );
    // Nothing is left of the one that failed.
    assert_eq!(fs::read_dir(dir).unwrap().count(), before.len() + 1);
    let next = before.len() as u64 + 1;
    let written = journal.write(next, &payload(before.len()), false);
    assert!(written.error.is_some() && !written.is_there);
    // Room again: by what is deleted, or because the payload is smaller.
    journal.remove(1).unwrap();
    write(&mut journal, next, &payload(0));
    let after = records(&journal);
    assert_eq!(after.len(), before.len());
    drop(journal);
    let (journal, recovered) = Journal::open(dir, 64 * PLENTY).unwrap();
    assert_eq!(records(&journal), after);
    assert_eq!((recovered.damaged, recovered.leftovers), (0, 0));
}

/// A file system of 256 KiB, in a namespace where we may mount one.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_in_earnest() {
    if let Some(dir) = child_dir() {
        return fill(&dir, |_| vec![7; 10_000], io::ErrorKind::StorageFull);
    }
    let scratch = Scratch::new();
    let mount = r#"mount -t tmpfs -o size=256k none "$JOURNAL_TEST_DIR" && exec "$@""#;
    in_a_namespace(
        &scratch,
        mount,
        "other_process::a_disk_that_is_full_in_earnest",
    );
}

/// Runs a test again as a child that may mount what it likes.
#[cfg(target_os = "linux")]
pub(super) fn in_a_namespace(scratch: &Scratch, script: &str, test: &str) {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    let allowed = unshare().arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: this system does not let us mount a small disk");
        return;
    }
    let output = unshare()
        .args(["sh", "-c", script, "sh"])
        .args(child_args(test))
        .env(CHILD_DIR, scratch.root())
        .output();
    assert_passed(&output.unwrap());
}

/// The system's limit for a file's size cuts a write short: everywhere, and without any rights.
#[test]
#[cfg(unix)]
fn a_write_that_the_system_cuts_short() {
    if let Some(dir) = child_dir() {
        // The fourth is too large.
        let payload = |n| vec![7; if n < 3 { 1_000 } else { 100_000 }];
        return fill(&dir, payload, io::ErrorKind::FileTooLarge);
    }
    let scratch = Scratch::new();
    // Without the trap the signal would end the process. 16 to 32 KiB, by the shell.
    let limit = r#"trap "" XFSZ; ulimit -f 32; exec "$@""#;
    let output = Command::new("sh")
        .args(["-c", limit, "sh"])
        .args(child_args(
            "other_process::a_write_that_the_system_cuts_short",
        ))
        .env(CHILD_DIR, scratch.dir())
        .output();
    assert_passed(&output.unwrap());
}

#[cfg(unix)]
pub(super) fn assert_passed(output: &std::process::Output) {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("1 passed"), "{out}{err}");
}
