//! A metric's name as the log has it: an application may have given any.

use metrics::KeyName;
use std::borrow::Cow;

/// Bytes of a name that is whole in the log.
const MAX_SHOWN: usize = 256;

/// The name, or its beginning and its length: `aaaa… (1048576 bytes)`.
pub(super) fn shown(name: &KeyName) -> Cow<'_, str> {
    let name = name.as_str();
    if name.len() <= MAX_SHOWN {
        return Cow::Borrowed(name);
    }
    let end = name.floor_char_boundary(MAX_SHOWN);
    Cow::Owned(format!("{}… ({} bytes)", &name[..end], name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_characters_and_says_its_length() {
        for (name, expected) in [
            ("n".repeat(256), "n".repeat(256)),
            ("n".repeat(257), "n".repeat(256) + "… (257 bytes)"),
            ("€".repeat(100), "€".repeat(85) + "… (300 bytes)"),
        ] {
            assert_eq!(shown(&KeyName::from(name)), expected);
        }
    }
}
