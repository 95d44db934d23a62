//! File systems that do not have an operation, and such as fail in it.

use super::*;

const NOT_THERE: [io::ErrorKind; 2] = [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported];

/// Answers so at each operation that is so.
fn without(
    is_it: impl Fn(Asked<'_>) -> bool + Send + Sync + 'static,
    kind: io::ErrorKind,
) -> Answering {
    Answering::by(move |asked| {
        if is_it(asked) {
            return Err(kind.into());
        }
        Ok(())
    })
}

/// Everything that a journal does, and what the next process finds.
fn assert_works(disk: &Answering, what: &str) {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    for number in 1..=5 {
        write(&mut journal, number, b"payload");
    }
    journal.mark(1).unwrap();
    journal.mark(2).unwrap();
    journal.unmark(2).unwrap();
    journal.remove(3).unwrap();
    journal.withdraw(4).unwrap();
    let begun = journal.write(6, b"begun", true);
    assert!(begun.error.is_none() && begun.is_there, "{what}: {begun:?}");
    let expected = [
        (1, b"payload".to_vec(), true),
        (2, b"payload".to_vec(), false),
        (5, b"payload".to_vec(), false),
        (6, b"begun".to_vec(), true),
    ];
    assert_eq!(records(&journal), expected, "{what}");
    drop(journal);
    let (journal, recovered) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    assert_eq!(records(&journal), expected, "{what}");
    assert_eq!((recovered.damaged, recovered.leftovers), (0, 0), "{what}");
}

/// As SMB does: the first start failed, and the second lost every record.
#[test]
fn folders_that_cannot_be_synced() {
    for kind in NOT_THERE {
        let is_it = |asked: Asked<'_>| matches!(asked, Asked::SyncDir | Asked::SyncParent);
        assert_works(&without(is_it, kind), "sync of a folder");
    }
}

#[test]
fn files_that_cannot_be_synced() {
    for kind in NOT_THERE {
        assert_works(&without(|asked| asked == Asked::Sync, kind), "sync");
    }
}

#[test]
fn no_locks() {
    for kind in NOT_THERE {
        assert_works(&without(|asked| asked == Asked::Lock, kind), "locks");
    }
}

#[test]
fn no_rename() {
    for kind in NOT_THERE {
        let disk = without(|asked| matches!(asked, Asked::Rename(..)), kind);
        assert_works(&disk, "rename");
        // The old record stays: for a moment there would be none.
        let scratch = Scratch::new();
        let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
        write(&mut journal, 1, b"payload");
        let rest = journal.write(1, b"rest", false);
        assert!(rest.error.is_some() && rest.is_there, "{rest:?}");
        assert_eq!(records(&journal), [(1, b"payload".to_vec(), false)]);
        assert_eq!(scratch.names(), ["0000000000000001.record"]);
    }
}

#[test]
fn all_of_that_at_once() {
    let is_it = |asked: Asked<'_>| {
        matches!(
            asked,
            Asked::SyncDir | Asked::SyncParent | Asked::Sync | Asked::Lock | Asked::Rename(..)
        )
    };
    assert_works(&without(is_it, io::ErrorKind::Unsupported), "all");
}

/// In a process of its own, as `tracing` remembers whether somebody listened.
#[test]
#[cfg(unix)]
fn it_is_said_once_what_is_not_guaranteed() {
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let Some(dir) = child_dir() else {
        let scratch = Scratch::new();
        let test = "strange_disk::it_is_said_once_what_is_not_guaranteed";
        let output = child(test, &scratch.dir()).output().unwrap();
        return other_process::assert_passed(&output);
    };
    let log = Log::default();
    let to = log.clone();
    let listener = tracing_subscriber::fmt().with_writer(move || to.clone());
    let listener = listener.with_ansi(false).finish();
    let is_it = |asked: Asked<'_>| {
        matches!(
            asked,
            Asked::SyncDir | Asked::Sync | Asked::Lock | Asked::Rename(..)
        )
    };
    let disk =
        without(is_it, io::ErrorKind::Unsupported).with_owners(|name| (name == ".").then_some(7));
    tracing::subscriber::with_default(listener, || {
        let (mut journal, _) = Journal::open_on(disk, &dir, PLENTY).unwrap();
        for number in 1..=3 {
            write(&mut journal, number, b"payload");
            journal.mark(number).unwrap();
        }
        // What is planted, too.
        for _ in 0..3 {
            _ = fs::create_dir(dir.join("0000000000000009.half"));
            write(&mut journal, 9, b"payload");
            journal.remove(9).unwrap();
        }
        // And where it is.
        fs::rename(&dir, dir.with_extension("moved")).unwrap();
        assert!(journal.see_to_folder().is_empty() && journal.see_to_folder().is_empty());
    });
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for words in [
        "it cannot sync folders",
        "it cannot sync files",
        "it cannot lock",
        "it cannot rename",
        "folder is another user's",
        "0000000000000009.half is no record of this journal: it is a folder",
        "folder is not where it was",
    ] {
        let count = said.lines().filter(|line| line.contains(words)).count();
        assert_eq!(count, 1, "{words}: {said}");
    }
    assert_eq!(said.lines().count(), 7, "{said}");
}

type IsIt = fn(Asked<'_>) -> bool;

/// What is an error stays one, at each operation in turn: no record that was there is lost, and what failed is done when
/// the disk is well again.
#[test]
fn a_disk_that_fails_in_each_operation_in_turn() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let kinds = [
        io::ErrorKind::StorageFull,
        io::ErrorKind::Other,
        io::ErrorKind::ReadOnlyFilesystem,
        io::ErrorKind::StaleNetworkFileHandle,
    ];
    let operations: [(&str, IsIt); 6] = [
        ("create", |asked| matches!(asked, Asked::Create(_))),
        ("write", |asked| asked == Asked::Write),
        ("sync", |asked| asked == Asked::Sync),
        ("rename", |asked| matches!(asked, Asked::Rename(..))),
        ("sync_dir", |asked| asked == Asked::SyncDir),
        ("look", |asked| matches!(asked, Asked::Look(_))),
    ];
    for kind in kinds {
        for (what, is_it) in operations {
            let fails = Arc::new(AtomicBool::new(false));
            let told = Arc::clone(&fails);
            let is_failing = move |asked: Asked<'_>| is_it(asked) && told.load(Ordering::Relaxed);
            let disk = without(is_failing, kind);
            let scratch = Scratch::new();
            let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
            write(&mut journal, 1, b"first");
            fails.store(true, Ordering::Relaxed);
            let written = journal.write(2, b"second", false);
            // A look is for the planted: where it fails the operation itself tells.
            assert_eq!(
                written.error.is_none(),
                what == "look",
                "{what}: {written:?}"
            );
            assert!(written.dropped.is_empty(), "{kind} {what}: {written:?}");
            assert_eq!(written.is_there, journal.has(2), "{kind} {what}");
            fails.store(false, Ordering::Relaxed);
            write(&mut journal, 2, b"second");
            journal.mark(1).unwrap();
            let expected = [(1, b"first".to_vec(), true), (2, b"second".to_vec(), false)];
            assert_eq!(records(&journal), expected, "{kind} {what}");
            drop(journal);
            let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            assert_eq!(records(&journal), expected, "{kind} {what}");
        }
    }
}
