//! Files that are not what was written.

use super::*;

const MIDDLE: &str = "0000000000000002.entry";

/// Three entries, the middle one's file changed, as the next start finds it.
fn recovered_after(change: impl FnOnce(&Path)) -> (Scratch, Recovered, Vec<Entry>) {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    for payload in ["before", "middle", "after"] {
        spool.append(payload.as_bytes()).unwrap();
    }
    drop(spool);
    change(&scratch.file(MIDDLE));
    let (spool, recovered) = Spool::open_on(disk, &scratch.dir(), PLENTY).unwrap();
    let entries = entries(&spool);
    (scratch, recovered, entries)
}

fn assert_costs_no_neighbour(change: impl FnOnce(&Path), len: u64) {
    let (scratch, recovered, entries) = recovered_after(change);
    assert_eq!((recovered.torn_entries, recovered.torn_bytes), (1, len));
    let payloads = entries.iter().map(|(_, payload, _)| &payload[..]);
    assert_eq!(payloads.collect::<Vec<_>>(), [&b"before"[..], b"after"]);
    assert_eq!(recovered.entries.len(), 2);
    assert!(!scratch.file(MIDDLE).exists());
}

#[test]
fn a_file_cut_off_anywhere() {
    for len in 0..38 {
        assert_costs_no_neighbour(|path| truncate(path, len), len);
    }
}

#[test]
fn any_bit_flipped() {
    for bit in 0..38 * 8 {
        assert_costs_no_neighbour(|path| flip(path, bit), 38);
    }
}

#[test]
fn bytes_too_many() {
    assert_costs_no_neighbour(|path| truncate(path, 39), 39);
    // A length that nobody should reserve memory for.
    let huge = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[24..28].fill(0xff);
        fs::write(path, bytes).unwrap();
    };
    assert_costs_no_neighbour(huge, 38);
}

#[test]
fn another_entry_s_file() {
    let swap = |path: &Path| {
        let other = path.with_file_name("0000000000000001.entry");
        _ = fs::copy(other, path).unwrap();
    };
    assert_costs_no_neighbour(swap, 38);
}

/// What is whole, and not ours.
#[test]
fn another_program_s_file() {
    let foreign = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[..8].copy_from_slice(b"foreign\n");
        let checksum = crc32fast::hash(&[&bytes[..28], &bytes[32..]].concat());
        bytes[28..32].copy_from_slice(&checksum.to_le_bytes());
        fs::write(path, bytes).unwrap();
    };
    assert_costs_no_neighbour(foreign, 38);
}

#[test]
fn a_file_that_somebody_else_deleted() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"payload").unwrap();
    let path = scratch.file("0000000000000001.entry");
    fs::remove_file(&path).unwrap();
    let error = spool.read(id(1)).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    spool.remove(id(1)).unwrap();
    assert_eq!((spool.len(), spool.bytes()), (0, 0));
}

#[test]
fn damage_that_comes_later_is_seen_when_it_is_read() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"payload").unwrap();
    let path = scratch.file("0000000000000001.entry");
    flip(&path, 32 * 8);
    let error = spool.read(id(1)).unwrap_err();
    let expected = format!(
        "the entry {} is damaged: its checksum does not match",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    spool.remove(id(1)).unwrap();
    assert_eq!((spool.len(), spool.bytes()), (0, 0));
}

#[test]
fn leftovers_are_deleted_and_what_is_not_ours_is_not() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"kept").unwrap();
    drop(spool);
    fs::write(scratch.file("0000000000000005.half"), b"half of it").unwrap();
    let foreign = [
        "1.entry",
        "0000000000000003",
        "0000000000000003.ENTRY",
        "000000000000000A.entry",
        "00000000000000ff.entry.old",
        "ffffffffffffffff.entry",
        "notes.txt",
    ];
    for name in foreign {
        fs::write(scratch.file(name), b"foreign").unwrap();
    }
    fs::create_dir(scratch.file("0000000000000004.entry")).unwrap();

    let (mut spool, recovered) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.leftovers, recovered.torn_entries), (1, 0));
    assert_eq!(recovered.entries.len(), 1);
    assert!(!scratch.file("0000000000000005.half").exists());
    assert!(foreign.iter().all(|name| scratch.file(name).exists()));
    assert_eq!(spool.append(b"new").unwrap().id, id(6));
}

/// It must not be sent as if no attempt had begun.
#[test]
fn of_both_names_the_mark_is_believed() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"once").unwrap();
    drop(spool);
    let names = ["0000000000000001.entry", "0000000000000001.begun"];
    let [waiting, begun] = names.map(|name| scratch.file(name));
    fs::copy(&waiting, &begun).unwrap();
    let (spool, recovered) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(entries(&spool), [(id(1), b"once".to_vec(), true)]);
    assert_eq!((recovered.leftovers, spool.bytes()), (1, BLOCK));
    assert_eq!(scratch.names(), names[1..]);
}

/// The system may let us another time; it is not for us to delete.
#[test]
fn what_cannot_be_read_is_kept() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"locked away").unwrap();
    drop(spool);
    let (spool, recovered) = Spool::open_on(Unreadable, &scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.entries.len(), recovered.torn_entries), (1, 0));
    assert_eq!(recovered.entries[0].len, 11);
    let error = spool.read(id(1)).unwrap_err();
    assert!(error.to_string().contains("0000000000000001.entry"));
    drop(spool);
    let (spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(spool.read(id(1)).unwrap(), b"locked away");
}

pub(crate) fn truncate(path: &Path, len: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(len).unwrap();
}

pub(crate) fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

#[derive(Debug)]
struct Unreadable;

impl Disk for Unreadable {
    fn open(&self, _: &Path) -> io::Result<File> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
    fn create(&self, path: &Path) -> io::Result<File> {
        OsDisk.create(path)
    }
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        OsDisk.write(file, bytes)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        OsDisk.sync(file)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.sync_dir(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }
}
