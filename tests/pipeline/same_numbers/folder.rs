//! A reader of a journal's folder that shares nothing with the journal but the format.

use crate::fixtures::scratch::Scratch;
use std::path::Path;

/// Magic, version, number, the payload's length, checksum.
const HEADER_LEN: usize = 24;
/// A file takes whole blocks.
const BLOCK: u64 = 4_096;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) records: usize,
    pub(super) bytes: u64,
}

/// Every whole record that is there. What goes while it is looked at is not there.
pub(super) fn read(scratch: &Scratch) -> Result<Found, String> {
    let mut found = Found::default();
    for file in std::fs::read_dir(scratch.path()).into_iter().flatten() {
        let Ok(path) = file.map(|file| file.path()) else {
            continue;
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !matches!(extension, Some("record" | "begun")) {
            continue;
        }
        let Ok(content) = std::fs::read(&path) else {
            continue;
        };
        if !is_whole(&path, &content) {
            return Err(format!("{} is no whole record", path.display()));
        }
        found.records += 1;
        found.bytes += (content.len() as u64).next_multiple_of(BLOCK);
    }
    Ok(found)
}

fn is_whole(path: &Path, content: &[u8]) -> bool {
    let number = path.file_stem().and_then(|stem| stem.to_str());
    let number = number.and_then(|stem| u64::from_str_radix(stem, 16).ok());
    let Some((header, payload)) = content.split_at_checked(HEADER_LEN) else {
        return false;
    };
    let has_number = number.is_some_and(|number| header[8..16] == number.to_le_bytes());
    let len = u32::try_from(payload.len());
    has_number && len.is_ok_and(|len| header[16..20] == len.to_le_bytes())
}
