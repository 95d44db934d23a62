//! What the service's message says of the request: the one text that has a meaning.

/// What is sent beside `MetricData`.
const OF_THE_REQUEST: &str = "Namespace";

/// Whether the fault is with the request as a whole, as in `… for parameter Namespace is invalid`: no data are
/// to be searched for it. What else is named, or nothing, may be in a datum.
pub(crate) fn is_of_the_request(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    if message.contains("metricdata.") {
        return false;
    }
    // `parameter X`, and `at 'x'` as in validation errors.
    let named = message
        .rsplit_once("parameter ")
        .or_else(|| message.rsplit_once("at '"));
    let name = named.and_then(|(_, after)| {
        let is_end = |next: char| !next.is_ascii_alphanumeric();
        after.split(is_end).next()
    });
    name.is_some_and(|name| name.eq_ignore_ascii_case(OF_THE_REQUEST))
}

/// Where in the request the service finds fault, from 0: it names `MetricData.member.3` from 1. A number at the end of a
/// message that was cut may lack digits, and names nobody.
pub(crate) fn members(message: &str, is_cut: bool) -> Vec<usize> {
    let mut members: Vec<usize> = message
        .split("MetricData.member.")
        .skip(1)
        .filter_map(|after| {
            let end = after.find(|next: char| !next.is_ascii_digit());
            if end.is_none() && is_cut {
                return None;
            }
            let digits = &after[..end.unwrap_or(after.len())];
            digits.parse::<usize>().ok()?.checked_sub(1)
        })
        .collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// The beginning of the message in a CBOR body that was cut: `{"message": "…`, where nobody reads CBOR any more. All of the
/// body, if it has no such member.
pub(crate) fn beginning(body: &[u8]) -> String {
    let name = b"message";
    let after = body
        .windows(name.len())
        .position(|at| at.eq_ignore_ascii_case(name))
        .map(|at| &body[at + name.len()..]);
    let text = after.and_then(|after| {
        // The head of a text: its length follows in so many bytes.
        let length = match after.first()? {
            0x60..=0x77 => 0,
            0x78 => 1,
            0x79 => 2,
            0x7a => 4,
            0x7b => 8,
            _ => return None,
        };
        after.get(1 + length..)
    });
    String::from_utf8_lossy(text.unwrap_or(body)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_from_zero() {
        for (message, expected) in [
            (
                "The parameter MetricData.member.3.Value is required.",
                vec![2],
            ),
            (
                "MetricData.member.12.Dimensions.member.1.Value, MetricData.member.2: no; MetricData.member.12",
                vec![1, 11],
            ),
            ("MetricData.member.0 and MetricData.member.x", vec![]),
            ("MetricData.member.99999999999999999999999", vec![]),
            ("The rate is exceeded", vec![]),
        ] {
            assert_eq!(members(message, false), expected, "{message}");
        }
    }

    #[test]
    fn a_parameter_outside_the_data_is_told_from_one_within() {
        for (message, expected) in [
            ("The value : for parameter Namespace is invalid.", true),
            ("The parameter Namespace is required.", true),
            (
                "1 validation error detected: Value '' at 'namespace' failed to satisfy constraint",
                true,
            ),
            // Within, or perhaps.
            (
                "The parameter MetricData.member.3.Value is required.",
                false,
            ),
            (
                "The value Namespace for parameter MetricData.member.1.MetricName is invalid.",
                false,
            ),
            (
                "The parameter MetricData.member.3 is invalid.\nThe parameter Namespace is required.",
                false,
            ),
            ("Value '' at 'metricData.1.member.metricName' failed", false),
            (
                "The value parameter Namespace for parameter MetricName is invalid.",
                false,
            ),
            ("The parameter MetricName is required.", false),
            ("A parameter is invalid.", false),
            ("The namespace", false),
            ("", false),
        ] {
            assert_eq!(is_of_the_request(message), expected, "{message}");
        }
    }

    #[test]
    fn a_number_that_was_cut_names_nobody() {
        for (message, expected) in [
            ("MetricData.member.3 and MetricData.member.12", vec![2]),
            ("MetricData.member.3 and MetricData.member.12.", vec![2, 11]),
            ("MetricData.member.3 and MetricData.member.", vec![2]),
            ("MetricData.member.3 and MetricData.mem", vec![2]),
        ] {
            assert_eq!(members(message, true), expected, "{message}");
        }
    }
}
