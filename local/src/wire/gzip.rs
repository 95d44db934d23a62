//! Decompression that stops at a limit, so that a small body cannot become a large one.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

/// What became of a compressed body.
pub(crate) enum Gunzipped {
    Whole(Vec<u8>),
    /// There is more than the limit; what there is was not kept.
    OverLimit,
}

pub(crate) fn gunzip(compressed: &[u8], limit: usize) -> io::Result<Gunzipped> {
    let mut decoder = GzDecoder::new(compressed);
    let mut raw = Vec::new();
    let one_more = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    decoder.by_ref().take(one_more).read_to_end(&mut raw)?;
    if raw.len() > limit {
        return Ok(Gunzipped::OverLimit);
    }
    if !decoder.into_inner().is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "there are bytes after the end",
        ));
    }
    Ok(Gunzipped::Whole(raw))
}
