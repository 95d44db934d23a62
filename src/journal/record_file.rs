//! A record's file: its name and its bytes.
//!
//! | bytes | |
//! |---|---|
//! | 0–5 | `mecwjl` |
//! | 6 | the version of all that follows, payload included |
//! | 7 | the same with all bits turned, so that damage is not taken for a version |
//! | 8–15 | the number, little endian as all numbers |
//! | 16–19 | the payload's length |
//! | 20–23 | CRC-32 of bytes 0–19 and the payload |
//! | 24– | the payload, up to the file's end |
//!
//! Every version begins with the first eight bytes. So a file with the first six, and two more that are a later version and
//! the same with all bits turned, is a later version's, whatever follows: it stays, and is named. Anything else is damage.

use std::fs::File;
use std::io::{self, Read};

const MAGIC: [u8; 6] = *b"mecwjl";
/// What a version writes differently than the one before it has the next number.
pub(crate) const VERSION: u8 = 1;
/// What every version begins with.
const PREFIX_LEN: usize = 8;
pub(crate) const HEADER_LEN: usize = 24;
/// Where the checksum begins: it is over all that comes before it, and the payload.
const CHECKSUM_AT: usize = 20;
/// What common file systems give out at least.
const BLOCK: u64 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Half,
    // Before `Waiting`: should both be there, recovery believes the first.
    Begun,
    Waiting,
}

/// Why a file is no record that can be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it ends within the header")]
    Short,
    #[error("its header is not that of this record")]
    Header,
    #[error("it should have {expected} bytes and has {found}")]
    Length { expected: u64, found: u64 },
    #[error("its checksum does not match")]
    Checksum,
    /// Not damage.
    #[error("it is of version {0}")]
    Later(u8),
}

/// What a record of that payload takes on disk.
pub(crate) fn footprint(len: u64) -> u64 {
    (HEADER_LEN as u64 + len).next_multiple_of(BLOCK)
}

pub(crate) fn file_name(number: u64, state: State) -> String {
    let extension = match state {
        State::Half => "half",
        State::Waiting => "record",
        State::Begun => "begun",
    };
    format!("{number:016x}.{extension}")
}

/// A record of so high a number is none of ours: a thousand records a second take 8,900 years to get there.
pub(crate) const MAX_NUMBER: u64 = 1 << 48;

/// None for a name that we would not have given.
pub(crate) fn parse_file_name(name: &str) -> Option<(u64, State)> {
    let (number, extension) = name.split_once('.')?;
    let number = u64::from_str_radix(number, 16).ok()?;
    let state = match extension {
        "half" => State::Half,
        "record" => State::Waiting,
        "begun" => State::Begun,
        _ => return None,
    };
    (file_name(number, state) == name).then_some((number, state))
}

pub(crate) fn header(number: u64, payload: &[u8]) -> [u8; HEADER_LEN] {
    // The caller has checked it against the bound.
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut header = [0; HEADER_LEN];
    header[..6].copy_from_slice(&MAGIC);
    header[6..8].copy_from_slice(&[VERSION, !VERSION]);
    header[8..16].copy_from_slice(&number.to_le_bytes());
    header[16..20].copy_from_slice(&len.to_le_bytes());
    let checksum = checksum(&header, payload);
    header[CHECKSUM_AT..].copy_from_slice(&checksum);
    header
}

/// The payload, or why there is none. The outer error is the system's: it says nothing of the record.
pub(crate) fn read(mut file: File, number: u64) -> io::Result<Result<Vec<u8>, Fault>> {
    let found = file.metadata()?.len();
    let mut header = [0; HEADER_LEN];
    if found < PREFIX_LEN as u64 {
        return Ok(Err(Fault::Short));
    }
    file.read_exact(&mut header[..PREFIX_LEN])?;
    let (magic, version) = (&header[..6], header[6]);
    if magic != MAGIC || header[7] != !version || version == 0 {
        return Ok(Err(Fault::Header));
    }
    if version > VERSION {
        return Ok(Err(Fault::Later(version)));
    }
    if found < HEADER_LEN as u64 {
        return Ok(Err(Fault::Short));
    }
    file.read_exact(&mut header[PREFIX_LEN..])?;
    if header[8..16] != number.to_le_bytes() {
        return Ok(Err(Fault::Header));
    }
    // Before anything is read or reserved by that length.
    let len = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
    let expected = HEADER_LEN as u64 + u64::from(len);
    if found != expected {
        return Ok(Err(Fault::Length { expected, found }));
    }
    let mut payload = vec![0; len as usize];
    file.read_exact(&mut payload)?;
    if header[CHECKSUM_AT..] != checksum(&header, &payload) {
        return Ok(Err(Fault::Checksum));
    }
    Ok(Ok(payload))
}

fn checksum(header: &[u8; HEADER_LEN], payload: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..CHECKSUM_AT]);
    hasher.update(payload);
    hasher.finalize().to_le_bytes()
}
