//! An entry's file: its name and its bytes.
//!
//! | bytes | |
//! |---|---|
//! | 0–7 | `mecwsp1\n` |
//! | 8–15 | the id, little endian as all numbers |
//! | 16–23 | the id of the entry that it replaces, or 0 |
//! | 24–27 | the payload's length |
//! | 28–31 | CRC-32 of bytes 0–27 and the payload |
//! | 32– | the payload, up to the file's end |

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

const MAGIC: [u8; 8] = *b"mecwsp1\n";
pub(crate) const HEADER_LEN: usize = 32;
/// Where the checksum begins: it is over all that comes before it, and the payload.
const CHECKSUM_AT: usize = 28;
/// What common file systems give out at least.
const BLOCK: u64 = 4096;

/// Names an entry; the lower, the older. Ids are not used twice while a spool is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(u64);

impl EntryId {
    pub(crate) const FIRST: Self = Self(1);

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Half,
    // Before `Waiting`: should both be there, recovery believes the first.
    Begun,
    Waiting,
}

/// What is wrong with an entry's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("it ends within the header")]
    Short,
    #[error("its header is not that of this entry")]
    Header,
    #[error("it should have {expected} bytes and has {found}")]
    Length { expected: u64, found: u64 },
    #[error("its checksum does not match")]
    Checksum,
}

/// What an entry of that payload takes on disk.
pub(crate) fn footprint(len: u64) -> u64 {
    (HEADER_LEN as u64 + len).next_multiple_of(BLOCK)
}

pub(crate) fn file_name(id: EntryId, state: State) -> String {
    let extension = match state {
        State::Half => "half",
        State::Waiting => "entry",
        State::Begun => "begun",
    };
    format!("{:016x}.{extension}", id.0)
}

/// None for a name that we would not have given.
pub(crate) fn parse_file_name(name: &str) -> Option<(EntryId, State)> {
    let (number, extension) = name.split_once('.')?;
    let id = EntryId(u64::from_str_radix(number, 16).ok()?);
    let state = match extension {
        "half" => State::Half,
        "entry" => State::Waiting,
        "begun" => State::Begun,
        _ => return None,
    };
    // So high an id was never reached, and there has to be a next one.
    let is_ours = file_name(id, state) == name && id.0 < 1 << 63;
    is_ours.then_some((id, state))
}

pub(crate) fn header(id: EntryId, replaces: Option<EntryId>, payload: &[u8]) -> [u8; HEADER_LEN] {
    // The caller has checked it against the bound.
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&id.0.to_le_bytes());
    let replaces = replaces.map_or(0, EntryId::number);
    header[16..24].copy_from_slice(&replaces.to_le_bytes());
    header[24..28].copy_from_slice(&len.to_le_bytes());
    let checksum = checksum(&header, payload);
    header[CHECKSUM_AT..].copy_from_slice(&checksum);
    header
}

/// What is in an entry's file.
pub(crate) struct Content {
    pub(crate) payload: Vec<u8>,
    pub(crate) replaces: Option<EntryId>,
}

/// The content, or what is wrong with it. The outer error is the system's: it says nothing of the
/// entry.
pub(crate) fn read(mut file: File, id: EntryId) -> io::Result<Result<Content, Damage>> {
    let found = file.metadata()?.len();
    if found < HEADER_LEN as u64 {
        return Ok(Err(Damage::Short));
    }
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)?;
    if header[..8] != MAGIC || header[8..16] != id.0.to_le_bytes() {
        return Ok(Err(Damage::Header));
    }
    // Before anything is read or reserved by that length.
    let len = u32::from_le_bytes([header[24], header[25], header[26], header[27]]);
    let expected = HEADER_LEN as u64 + u64::from(len);
    if found != expected {
        return Ok(Err(Damage::Length { expected, found }));
    }
    let mut payload = vec![0; len as usize];
    file.read_exact(&mut payload)?;
    if header[CHECKSUM_AT..] != checksum(&header, &payload) {
        return Ok(Err(Damage::Checksum));
    }
    let mut replaces = [0; 8];
    replaces.copy_from_slice(&header[16..24]);
    let replaces = u64::from_le_bytes(replaces);
    let replaces = (replaces != 0).then_some(EntryId(replaces));
    Ok(Ok(Content { payload, replaces }))
}

fn checksum(header: &[u8; HEADER_LEN], payload: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..CHECKSUM_AT]);
    hasher.update(payload);
    hasher.finalize().to_le_bytes()
}
