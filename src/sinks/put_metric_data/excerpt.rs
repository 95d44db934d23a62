//! What is kept of others' texts, which go into reports and logs once for each datum.

/// Characters of an error code. The longest known has 38.
pub(crate) const MAX_CODE: usize = 64;
/// Characters of a message.
pub(crate) const MAX_MESSAGE: usize = 512;

/// At most `most` characters, on one line.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let is_cut = text.chars().nth(most).is_some();
    let kept = text.chars().take(if is_cut { most - 1 } else { most });
    let mut line: String = kept
        .map(|next| if breaks_a_line(next) { ' ' } else { next })
        .collect();
    if is_cut {
        line.push('…');
    }
    line
}

/// Control characters, and what Unicode takes for the end of a line beside them.
fn breaks_a_line(next: char) -> bool {
    next.is_control() || matches!(next, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_short_stays_and_what_is_long_ends_with_an_ellipsis() {
        for (text, expected) in [
            ("", ""),
            ("abcd", "abcd"),
            ("abcde", "abc…"),
            ("äöüß", "äöüß"),
            ("äöüßä", "äöü…"),
            ("a\nb\r", "a b "),
            ("\u{1b}\u{2028}\u{85}", "   "),
        ] {
            assert_eq!(excerpt(text, 4), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_short_line(text in any::<String>(), most in 1_usize..20) {
            let line = excerpt(&text, most);
            prop_assert!(line.chars().count() <= most);
            prop_assert!(!line.chars().any(breaks_a_line));
            let is_whole = text.chars().count() <= most;
            prop_assert_eq!(line.chars().count() == text.chars().count(), is_whole);
        }
    }
}
