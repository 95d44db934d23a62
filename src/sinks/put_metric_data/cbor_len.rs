//! Sizes in CBOR, as the SDK writes it: maps of indefinite length, arrays and texts of definite length, and numbers as
//! doubles.

/// The opening of a map of indefinite length, and its end.
pub(crate) const MAP: usize = 2;
pub(crate) const DOUBLE: usize = 9;
/// Tag 1, and the seconds as a double.
pub(crate) const TIMESTAMP: usize = 1 + DOUBLE;

pub(crate) fn text(text: &str) -> usize {
    head(text.len()) + text.len()
}

/// The head of a text, an array or an integer.
pub(crate) fn head(length: usize) -> usize {
    match length {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
