//! The folder is the one that was opened, wherever its path leads later; one that was removed is made anew.

use super::*;
use crate::journal::file_system::Place;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn opened() -> (Scratch, Journal) {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"first");
    (scratch, journal)
}

fn found_in(dir: &Path) -> Vec<Found> {
    records(&Journal::open(dir, PLENTY).unwrap().0)
}

fn lost(lost: &[Dropped]) -> Vec<u64> {
    lost.iter().map(|one| one.number).collect()
}

#[test]
fn a_relative_path_and_another_working_folder() {
    if let Some(root) = child_dir() {
        std::env::set_current_dir(&root).unwrap();
        let dir = Path::new("a/journal");
        let (mut journal, _) = Journal::open(dir, PLENTY).unwrap();
        write(&mut journal, 1, b"before");
        // Another process's journal has this path, from there.
        std::env::set_current_dir(root.join("elsewhere")).unwrap();
        write(&mut journal, 2, b"after");
        journal.mark(1).unwrap();
        let expected = [(1, b"before".to_vec(), true), (2, b"after".to_vec(), false)];
        assert_eq!(records(&journal), expected);
        assert_eq!(journal.folder.place().unwrap(), Place::Here);
        fs::remove_dir_all(root.join("a/journal")).unwrap();
        assert_eq!(lost(&journal.see_to_folder()), [1, 2]);
        write(&mut journal, 3, b"anew");
        return;
    }
    let scratch = Scratch::new();
    let others = scratch.root().join("elsewhere/a/journal");
    let (mut other, _) = Journal::open(&others, PLENTY).unwrap();
    write(&mut other, 2, b"the other's");
    let test = "moved::a_relative_path_and_another_working_folder";
    let output = child(test, scratch.root()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(records(&other), [(2, b"the other's".to_vec(), false)]);
    assert_eq!(found_in(&scratch.dir()), [(3, b"anew".to_vec(), false)]);
}

#[test]
fn a_folder_that_is_renamed() {
    let (scratch, mut journal) = opened();
    let moved = scratch.root().join("moved");
    fs::rename(scratch.dir(), &moved).unwrap();
    assert_eq!(journal.folder.place().unwrap(), Place::Elsewhere);
    assert!(journal.see_to_folder().is_empty() && journal.is_elsewhere);
    // Somebody else begins where it was.
    let (mut other, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut other, 1, b"the other's");
    write(&mut journal, 2, b"second");
    journal.mark(1).unwrap();
    journal.withdraw(1).unwrap();
    assert!(matches!(
        Journal::open(&moved, PLENTY),
        Err(JournalError::Locked { .. })
    ));
    assert_eq!(records(&other), [(1, b"the other's".to_vec(), false)]);
    drop(journal);
    assert_eq!(found_in(&moved), [(2, b"second".to_vec(), false)]);
}

#[test]
fn a_folder_that_is_removed_is_made_anew_and_locked() {
    let (scratch, mut journal) = opened();
    write(&mut journal, 2, b"second");
    fs::remove_dir_all(scratch.dir()).unwrap();
    assert_eq!(journal.bytes(), 2 * BLOCK);
    assert_eq!(lost(&journal.see_to_folder()), [1, 2]);
    assert_eq!((journal.bytes(), journal.has(1)), (0, false));
    assert!(journal.see_to_folder().is_empty());
    write(&mut journal, 3, b"third");
    assert_eq!(scratch.names(), ["0000000000000003.record"]);
    assert!(matches!(
        Journal::open(&scratch.dir(), PLENTY),
        Err(JournalError::Locked { .. })
    ));
    drop(journal);
    assert_eq!(found_in(&scratch.dir()), [(3, b"third".to_vec(), false)]);
}

/// Where nobody has looked before, the write itself finds out.
#[test]
fn a_write_makes_the_folder_anew() {
    let (scratch, mut journal) = opened();
    fs::remove_dir_all(scratch.dir()).unwrap();
    assert_eq!(write(&mut journal, 2, b"second"), [1]);
    assert_eq!(journal.bytes(), BLOCK);
    assert_eq!(scratch.names(), ["0000000000000002.record"]);
}

#[test]
fn a_folder_that_somebody_made_anew_is_used_if_it_can_be_locked() {
    let (scratch, mut journal) = opened();
    fs::remove_dir_all(scratch.dir()).unwrap();
    let (mut other, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut other, 1, b"the other's");
    assert_eq!(lost(&journal.see_to_folder()), [1]);
    let written = journal.write(2, b"second", false);
    assert!(written.error.is_some() && !written.is_there, "{written:?}");
    assert_eq!(journal.bytes(), 0);
    assert_eq!(records(&other), [(1, b"the other's".to_vec(), false)]);
    drop(other);
    // What is in it by then is left to the next process.
    write(&mut journal, 2, b"second");
    drop(journal);
    let expected = [
        (1, b"the other's".to_vec(), false),
        (2, b"second".to_vec(), false),
    ];
    assert_eq!(found_in(&scratch.dir()), expected);
}

/// Its numbers are this journal's, too. The other's record is not touched, and the next process has it.
#[test]
fn a_record_in_a_folder_that_somebody_made_anew_is_not_replaced() {
    let (scratch, mut journal) = opened();
    fs::remove_dir_all(scratch.dir()).unwrap();
    let (mut other, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut other, 2, b"the other's");
    drop(other);
    assert_eq!(lost(&journal.see_to_folder()), [1]);
    let written = journal.write(2, b"second", false);
    assert!(written.error.is_some() && !written.is_there, "{written:?}");
    write(&mut journal, 3, b"third");
    drop(journal);
    let expected = [
        (2, b"the other's".to_vec(), false),
        (3, b"third".to_vec(), false),
    ];
    assert_eq!(found_in(&scratch.dir()), expected);
}

/// As after the restart of a file server: what is in it is not lost, and not sent twice.
#[test]
fn a_folder_whose_descriptor_is_stale_keeps_its_records() {
    let scratch = Scratch::new();
    let (is_stale, is_away) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let (stale, away) = (Arc::clone(&is_stale), Arc::clone(&is_away));
    let disk = Answering::by(move |asked| match asked {
        Asked::Place if stale.load(Ordering::Relaxed) => {
            Err(io::ErrorKind::StaleNetworkFileHandle.into())
        }
        Asked::Lock if away.load(Ordering::Relaxed) => {
            Err(io::ErrorKind::StaleNetworkFileHandle.into())
        }
        _ => Ok(()),
    });
    let (mut journal, _) = Journal::open_on(disk, &scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"first");
    write(&mut journal, 2, b"second");
    for flag in [&is_stale, &is_away] {
        flag.store(true, Ordering::Relaxed);
    }
    assert!(journal.see_to_folder().is_empty());
    assert_eq!(journal.bytes(), 2 * BLOCK);
    is_away.store(false, Ordering::Relaxed);
    fs::remove_file(scratch.file("0000000000000001.record")).unwrap();
    assert_eq!(lost(&journal.see_to_folder()), [1]);
    is_stale.store(false, Ordering::Relaxed);
    assert!(journal.see_to_folder().is_empty());
    assert_eq!(journal.bytes(), BLOCK);
    journal.mark(2).unwrap();
    assert_eq!(scratch.names(), ["0000000000000002.begun"]);
}

/// Its parent is gone as well: that is an error each time, and no end of the journal's.
#[test]
fn a_folder_that_cannot_be_made_anew() {
    let (scratch, mut journal) = opened();
    fs::remove_dir_all(scratch.dir().parent().unwrap()).unwrap();
    assert_eq!(lost(&journal.see_to_folder()), [1]);
    for number in 2..4 {
        assert!(journal.write(number, b"payload", false).error.is_some());
    }
    assert_eq!((journal.bytes(), journal.has(2)), (0, false));
}

/// No link that took its place is followed.
#[test]
#[cfg(unix)]
fn a_link_in_the_folder_s_place_is_not_followed() {
    let (scratch, mut journal) = opened();
    let outside = scratch.root().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(scratch.dir()).unwrap();
    std::os::unix::fs::symlink(&outside, scratch.dir()).unwrap();
    assert_eq!(lost(&journal.see_to_folder()), [1]);
    assert!(journal.write(2, b"second", false).error.is_some());
    assert_eq!(fs::read_dir(outside).unwrap().count(), 0);
}

#[test]
fn a_removed_lock_lets_nobody_in() {
    let (scratch, mut journal) = opened();
    fs::remove_file(scratch.file("lock")).unwrap();
    for _ in 0..2 {
        assert!(matches!(
            Journal::open(&scratch.dir(), PLENTY),
            Err(JournalError::Locked { .. })
        ));
        fs::write(scratch.file("lock"), b"").unwrap();
    }
    write(&mut journal, 2, b"second");
    assert_eq!(journal.bytes(), 2 * BLOCK);
}

/// The build before locks the file `lock`, and no folder.
#[test]
fn the_build_before_keeps_us_out_and_we_keep_it_out() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.dir()).unwrap();
    let lock = || fs::File::create(scratch.file("lock")).unwrap();
    let before = lock();
    before.lock().unwrap();
    assert!(matches!(
        Journal::open(&scratch.dir(), PLENTY),
        Err(JournalError::Locked { .. })
    ));
    drop(before);
    let (_journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert!(lock().try_lock().is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_is_mounted_over() {
    if let Some(root) = child_dir() {
        let dir = root.join("a").join("journal");
        let (mut journal, _) = Journal::open(&dir, PLENTY).unwrap();
        write(&mut journal, 1, b"first");
        let mount = |args: &[&str]| {
            let done = Command::new(args[0]).args(&args[1..]).arg(&dir).status();
            assert!(done.unwrap().success());
        };
        mount(&["mount", "-t", "tmpfs", "none"]);
        assert!(journal.see_to_folder().is_empty() && journal.is_elsewhere);
        write(&mut journal, 2, b"second");
        journal.mark(1).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        mount(&["umount"]);
        assert!(journal.see_to_folder().is_empty() && !journal.is_elsewhere);
        drop(journal);
        let expected = [(1, b"first".to_vec(), true), (2, b"second".to_vec(), false)];
        assert_eq!(found_in(&dir), expected);
        return;
    }
    let scratch = Scratch::new();
    other_process::in_a_namespace(
        &scratch,
        r#"exec "$@""#,
        "moved::a_folder_that_is_mounted_over",
    );
}
