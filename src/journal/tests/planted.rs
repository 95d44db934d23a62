//! What somebody put into the folder: it is neither followed nor waited for, it stays, and it costs no record.

use super::*;
use crate::journal::file_system::Kind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

const SECRET: &[u8] = b"somebody else's";
const NAMES: [&str; 3] = [
    "0000000000000001.half",
    "0000000000000001.record",
    "0000000000000001.begun",
];

fn outside(scratch: &Scratch) -> PathBuf {
    let path = scratch.root().join("outside");
    fs::write(&path, SECRET).unwrap();
    path
}

/// One of each, by its name in the log.
fn plant(scratch: &Scratch, what: &str, name: &str) {
    let path = scratch.file(name);
    match what {
        "a symbolic link" => symlink(outside(scratch), path).unwrap(),
        "a dangling link" => symlink(scratch.root().join("nothing"), path).unwrap(),
        "a FIFO" => {
            let made = Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        }
        "a socket" => drop(UnixListener::bind(path).unwrap()),
        "a folder" => {
            fs::create_dir(&path).unwrap();
            fs::write(path.join("inside"), SECRET).unwrap();
        }
        "a file that has another name, too" => fs::hard_link(outside(scratch), path).unwrap(),
        what => panic!("{what}"),
    }
}

const PLANTED: [&str; 6] = [
    "a symbolic link",
    "a dangling link",
    "a FIFO",
    "a socket",
    "a folder",
    "a file that has another name, too",
];

fn assert_untouched(scratch: &Scratch, what: &str, names: &[String]) {
    if what.contains("link") && !what.contains("dangling") || what.contains("another name") {
        let outside = scratch.root().join("outside");
        assert_eq!(fs::read(outside).unwrap(), SECRET, "{what}");
    }
    assert!(!scratch.root().join("nothing").exists(), "{what}");
    let is_it = |name: &String| {
        let path = scratch.file(name);
        let found = fs::symlink_metadata(&path).unwrap();
        let kind = found.file_type();
        match what {
            "a symbolic link" | "a dangling link" => kind.is_symlink(),
            "a FIFO" => kind.is_fifo(),
            "a socket" => kind.is_socket(),
            "a folder" => fs::read(path.join("inside")).is_ok_and(|inside| inside == SECRET),
            _ => found.nlink() == 2,
        }
    };
    assert!(names.iter().any(is_it), "{what}: {names:?}");
}

#[test]
fn planted_before_the_start() {
    for what in PLANTED {
        for name in NAMES {
            let scratch = Scratch::new();
            fs::create_dir_all(scratch.dir()).unwrap();
            plant(&scratch, what, name);
            let (mut journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            let [error] = &recovered.refused[..] else {
                panic!("{what} at {name}: {recovered:?}");
            };
            let said = error.to_string();
            let what_is_said = what.replace("dangling", "symbolic");
            assert!(
                said.contains(name) && said.contains(&what_is_said),
                "{said}"
            );
            assert_eq!((recovered.records.len(), recovered.leftovers), (0, 0));
            assert_eq!(recovered.next, 2, "{what} at {name}");
            write(&mut journal, 2, b"payload");
            drop(journal);
            let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            assert_eq!(records(&journal), [(2, b"payload".to_vec(), false)]);
            assert_untouched(&scratch, what, &[name.to_owned()]);
        }
    }
}

/// Under the very name of the next write, or of its mark.
#[test]
fn planted_while_it_runs() {
    for what in PLANTED {
        for name in NAMES {
            let scratch = Scratch::new();
            let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            plant(&scratch, what, name);
            // A file of this user's at `.half` could be one that a write left: its name goes, and no more than that.
            let is_leftover = what.contains("another name") && name.ends_with("half");
            write(&mut journal, 1, b"payload");
            journal.mark(1).unwrap();
            assert_eq!(records(&journal), [(1, b"payload".to_vec(), true)]);
            if is_leftover {
                assert_eq!(fs::read(scratch.root().join("outside")).unwrap(), SECRET);
            } else {
                assert_untouched(&scratch, what, &scratch.names());
            }
            drop(journal);
            let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            assert_eq!(
                records(&journal),
                [(1, b"payload".to_vec(), true)],
                "{what} at {name}"
            );
        }
    }
}

/// In the place of a record that was written: it is neither read nor deleted, and the name in the folder is told.
#[test]
fn planted_in_a_record_s_place() {
    for what in PLANTED {
        let scratch = Scratch::new();
        let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
        write(&mut journal, 1, b"payload");
        let name = NAMES[1];
        fs::remove_file(scratch.file(name)).unwrap();
        plant(&scratch, what, name);
        let error = journal.read(1).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        if what.contains("another name") {
            // It has the right kind and owner: its content is what tells.
            assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
            continue;
        }
        assert!(matches!(error, JournalError::Refused { .. }), "{error}");
        journal.remove(1).unwrap();
        assert_eq!((journal.has(1), journal.bytes()), (false, 0));
        assert_untouched(&scratch, what, &[name.to_owned()]);
    }
}

#[test]
fn planted_in_the_place_of_the_lock() {
    for what in PLANTED {
        let scratch = Scratch::new();
        fs::create_dir_all(scratch.dir()).unwrap();
        plant(&scratch, what, "lock");
        let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
        write(&mut journal, 1, b"payload");
        let error = Journal::open(&scratch.dir(), PLENTY).unwrap_err();
        assert!(matches!(error, JournalError::Locked { .. }), "{error}");
        assert_untouched(&scratch, what, &["lock".to_owned()]);
    }
}

#[test]
fn a_number_that_nobody_gets_to_is_not_followed() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    drop(journal);
    for name in [
        "7fffffffffffffff.half",
        "ffffffffffffffff.half",
        "0000fffffffffffe.half",
        "7ffffffffffffffe.record",
        "ffffffffffffffff.begun",
    ] {
        fs::write(scratch.file(name), SECRET).unwrap();
    }
    fs::create_dir(scratch.file("0000ffffffffffff.record")).unwrap();
    let (journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.next, recovered.leftovers), (2, 3));
    let refused: Vec<String> = recovered.refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert_eq!(
        scratch.names(),
        [
            "0000000000000001.record",
            "0000ffffffffffff.record",
            "7ffffffffffffffe.record",
            "ffffffffffffffff.begun",
        ]
    );
    assert_eq!(records(&journal).len(), 1);
}

/// Nobody else can read what is in it, whatever the process's mask would let them.
#[test]
fn files_and_the_folder_are_for_their_owner_alone() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(scratch.dir()), 0o700);
    for name in ["0000000000000001.record", "lock"] {
        assert_eq!(mode(scratch.file(name)), 0o600, "{name}");
    }
}

/// The build before made them readable for everybody.
#[test]
fn records_that_everybody_can_read_are_so_no_more() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"a");
    drop(journal);
    let record = scratch.file("0000000000000001.record");
    fs::set_permissions(&record, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(scratch.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let (_journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(recovered.records.len(), 1);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(record), 0o600);
    // It may be anything that somebody made, with other things in it.
    assert_eq!(mode(scratch.dir()), 0o755);
}

/// As in a container's volume: the folder is used, and what others put into it is not.
#[test]
fn a_record_that_somebody_else_owns_is_refused() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    for number in 1..=3 {
        write(&mut journal, number, b"payload");
    }
    drop(journal);
    let theirs = "0000000000000002.record";
    let disk = Answering::by(|_| Ok(())).with_owners(|name| {
        ["0000000000000002.record", "."]
            .contains(&name)
            .then_some(7)
    });
    let (mut journal, recovered) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    let numbers: Vec<u64> = recovered.records.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 3]);
    let [error] = &recovered.refused[..] else {
        panic!("{recovered:?}");
    };
    let expected = format!(
        "{} is no record of this journal: it is another user's",
        scratch.file(theirs).display()
    );
    assert_eq!(error.to_string(), expected);
    // While it runs, too.
    write(&mut journal, 2, b"ours");
    assert!(matches!(journal.read(2), Err(JournalError::Refused { .. })));
    journal.remove(2).unwrap();
    assert!(scratch.file(theirs).exists());
    assert!(scratch.file("0000000000000002.record.refused-0").exists());
}

/// A share that gives all files to one user, whoever creates them.
#[test]
fn where_all_that_is_created_is_another_user_s_it_is_ours() {
    let scratch = Scratch::new();
    let disk = Answering::by(|_| Ok(())).with_owners(|_| Some(7));
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    drop(journal);
    let (journal, recovered) = Journal::open_on(disk, &scratch.dir(), PLENTY).unwrap();
    assert_eq!(recovered.refused.len(), 0, "{recovered:?}");
    assert_eq!(records(&journal), [(1, b"payload".to_vec(), false)]);
    assert_eq!(scratch.names(), ["0000000000000001.record"]);
}

/// In earnest, where we may give files away.
#[test]
fn a_file_given_to_another_user_is_refused() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    drop(journal);
    let path = scratch.file("0000000000000001.record");
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
        eprintln!("not tested: this system does not let us give files away");
        return;
    }
    let (journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.records.len(), recovered.refused.len()), (0, 1));
    drop(journal);
    std::os::unix::fs::chown(scratch.dir(), Some(12_345), None).unwrap();
    std::os::unix::fs::chown(&path, Some(0), None).unwrap();
    let (_journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.records.len(), recovered.refused.len()), (1, 0));
}

/// Its looks are those of a device that nobody should open.
#[test]
fn a_device_is_not_opened() {
    let held = crate::journal::held_folder::HeldFolder::open(Path::new("/dev")).unwrap();
    let found = crate::journal::file_system::Folder::look(&held, "null").unwrap();
    assert_eq!(found.kind, Kind::Device);
    let scratch = Scratch::new();
    let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    let error = journal.check("0000000000000001.record", found).unwrap_err();
    assert!(error.to_string().ends_with("it is a device"), "{error}");
}
