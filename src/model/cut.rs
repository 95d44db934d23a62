//! What reports and the log have of texts that others chose: a label of a megabyte is no line of a megabyte.

use metrics::{Key, Label, SharedString};
use std::borrow::Cow;
use std::fmt;

/// Bytes of a text that reports keep: any that CloudWatch takes is whole.
pub(crate) const MAX_KEPT: usize = 2_048;
/// Bytes of a name or a value in a line.
pub(crate) const MAX_SHOWN: usize = 256;
/// Labels that reports keep: more than any series may have that CloudWatch takes.
pub(crate) const MAX_LABELS: usize = 64;

/// The text, or its beginning and its length, `aaaa… (1048576 bytes)`, in at most `most` bytes, which are 64 at least.
/// A text that was cut before still says how long the whole was.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let length = format!("… ({} bytes)", said_len(text).unwrap_or(text.len()));
    let end = text.floor_char_boundary(most - length.len());
    Cow::Owned(format!("{}{length}", &text[..end]))
}

/// What the end of a text that was cut says.
fn said_len(text: &str) -> Option<usize> {
    let (_, length) = text.strip_suffix(" bytes)")?.rsplit_once("… (")?;
    length.parse().ok()
}

/// A text of a sink's on one line: whatever it says, a line of the log has little of it.
pub(crate) fn line(text: &(impl fmt::Display + ?Sized)) -> String {
    let text = text.to_string();
    let is_end = |next: char| next.is_control() || matches!(next, '\u{2028}' | '\u{2029}');
    let cut = cut(&text, MAX_KEPT);
    cut.replace(is_end, " ")
}

/// [`cut`], of a text that may be shared.
pub(crate) fn cut_shared(text: &SharedString) -> SharedString {
    if text.len() <= MAX_KEPT {
        text.clone()
    } else {
        cut(text, MAX_KEPT).into_owned().into()
    }
}

/// The key, with each of its texts cut. The last label says how many there are beside those that are kept.
pub(crate) fn cut_key(key: &Key) -> Key {
    let mut texts = key.labels().flat_map(|label| [label.key(), label.value()]);
    let is_short = key.name().len() <= MAX_KEPT && texts.all(|text| text.len() <= MAX_KEPT);
    let number = key.labels().len();
    if is_short && number <= MAX_LABELS {
        return key.clone();
    }
    let of_text = |text| cut(text, MAX_KEPT).into_owned();
    let kept = if number > MAX_LABELS {
        MAX_LABELS - 1
    } else {
        number
    };
    let labels = key.labels().take(kept);
    let labels = labels.map(|label| Label::new(of_text(label.key()), of_text(label.value())));
    let mut labels: Vec<Label> = labels.collect();
    if kept < number {
        labels.push(Label::new("…", format!("{} more labels", number - kept)));
    }
    Key::from_parts(of_text(key.name()), labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_long_is_cut_and_says_how_long_it_was() {
        let whole = "x".repeat(MAX_KEPT);
        assert_eq!(cut(&whole, MAX_KEPT), whole);
        let cut = cut(&"x".repeat(1 << 20), 64).into_owned();
        assert_eq!(cut, format!("{}… (1048576 bytes)", "x".repeat(45)));
        assert_eq!(cut.len(), 64);
    }

    #[test]
    fn a_line_is_one_and_short() {
        assert_eq!(line("a\nb\u{2028}\u{1b}c"), "a b  c");
        let long = line(&"x\n".repeat(1 << 19));
        assert_eq!(long.len(), MAX_KEPT);
        assert!(long.ends_with("… (1048576 bytes)"), "{long}");
    }

    #[test]
    fn a_key_keeps_its_first_labels() {
        let labels = |number: usize| -> Vec<Label> {
            let labels = (0..number).map(|n| Label::new(format!("d{n}"), "v"));
            labels.collect()
        };
        let small = Key::from_parts("n", labels(MAX_LABELS));
        assert_eq!(cut_key(&small), small);
        let cut = cut_key(&Key::from_parts("n", labels(10_000)));
        assert_eq!(cut.labels().len(), MAX_LABELS);
        let last = cut.labels().last().unwrap();
        assert_eq!((last.key(), last.value()), ("…", "9937 more labels"));
        assert_eq!(cut_key(&cut), cut);
    }

    proptest! {
        #[test]
        fn no_character_is_cut_and_what_is_cut_twice_is_as_if_it_were_cut_once(
            text in "[a\u{7}ä€🦀]{0,200}",
            most in 64_usize..200,
            more in 0_usize..100,
        ) {
            let once = cut(&text, most);
            prop_assert!(once.len() <= most);
            let longer = cut(&text, most + more);
            prop_assert_eq!(&cut(&longer, most), &once);
            if text.len() > most {
                let (kept, length) = once.rsplit_once("… (").unwrap();
                prop_assert!(text.starts_with(kept));
                prop_assert_eq!(length, format!("{} bytes)", text.len()));
            } else {
                prop_assert_eq!(&once, &text);
            }
        }
    }
}
