//! What was refused, by series and reason.

use crate::model::metric_kind::MetricKind;
use crate::model::refusal::{Refusal, Refused};
use metrics::Key;
use std::collections::{BTreeMap, HashMap};

/// Series and reasons that are listed one by one; what is refused beyond them is in sums alone.
const MAX_LISTED: usize = 10_000;
/// Bytes of memory of all that are listed.
const MAX_LISTED_BYTES: usize = 4 << 20;

/// What a list of refusals still has room for.
#[derive(Debug)]
pub(crate) struct ListRoom {
    refusals: usize,
    bytes: usize,
}

/// The first series and reasons are listed, as far as there is [room](ListRoom); beyond that only the reasons count.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    listed: HashMap<(Option<MetricKind>, Key, Refusal), u64>,
    by_reason: BTreeMap<&'static str, u64>,
    room: ListRoom,
    is_full: bool,
}

/// What came to the list.
#[derive(Debug, Default)]
pub(crate) struct Added<'a> {
    /// Those of a series and a reason that are new.
    pub(crate) new: Vec<&'a Refused>,
    /// Whether there was no room for one, for the first time.
    pub(crate) is_full: bool,
}

impl Default for ListRoom {
    fn default() -> Self {
        Self {
            refusals: MAX_LISTED,
            bytes: MAX_LISTED_BYTES,
        }
    }
}

impl ListRoom {
    /// Whether one more fits.
    pub(crate) fn take(&mut self, one: &Refused) -> bool {
        let refusals = self.refusals.checked_sub(1);
        let bytes = self.bytes.checked_sub(one.memory_len());
        let (Some(refusals), Some(bytes)) = (refusals, bytes) else {
            return false;
        };
        *self = Self { refusals, bytes };
        true
    }
}

impl Refusals {
    pub(crate) fn add<'a>(&mut self, refused: &'a [Refused]) -> Added<'a> {
        let (mut new, was_full) = (Vec::new(), self.is_full);
        for one in refused {
            let total = self.by_reason.entry(one.reason.name()).or_default();
            *total = total.saturating_add(one.samples);
            let series = (one.kind, one.key.clone(), by_code(&one.reason));
            if let Some(samples) = self.listed.get_mut(&series) {
                *samples = samples.saturating_add(one.samples);
            } else if self.room.take(one) {
                self.listed.insert(series, one.samples);
                new.push(one);
            } else {
                self.is_full = true;
            }
        }
        let is_full = self.is_full && !was_full;
        Added { new, is_full }
    }

    pub(crate) fn list(&self) -> Vec<Refused> {
        let listed = self.listed.iter();
        let refused = listed.map(|((kind, key, reason), &samples)| Refused {
            kind: *kind,
            key: key.clone(),
            reason: reason.clone(),
            samples,
        });
        refused.collect()
    }

    /// Samples by the name of the reason.
    pub(crate) fn by_reason(&self) -> &BTreeMap<&'static str, u64> {
        &self.by_reason
    }
}

/// A service's messages name places, and would be without end.
fn by_code(reason: &Refusal) -> Refusal {
    match reason {
        Refusal::Rejected { code, .. } => Refusal::Rejected {
            code: code.clone(),
            message: String::new(),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ValueFault;
    use metrics::Label;

    fn refused(number: usize, label_bytes: usize) -> Refused {
        let label = Label::new("l", "x".repeat(label_bytes));
        let key = Key::from_parts(format!("n{number}"), vec![label; 16]);
        let reason = Refusal::Value(ValueFault::NotANumber);
        Refused::new(None, &key, &reason, 1)
    }

    /// Gives how many were listed, how often the list was full, and what is listed in bytes.
    fn add(label_bytes: usize, all: usize) -> (usize, usize, usize) {
        let (mut refusals, mut full) = (Refusals::default(), 0);
        for number in 0..all {
            full += usize::from(refusals.add(&[refused(number, label_bytes)]).is_full);
        }
        // Those that are listed go on counting.
        let again = [refused(0, label_bytes)];
        let again = refusals.add(&again);
        assert!(again.new.is_empty() && !again.is_full);
        assert_eq!(refusals.by_reason()["Value"], all as u64 + 1);
        let list = refusals.list();
        let first = list.iter().find(|one| one.key.name() == "n0");
        assert_eq!(first.map(|one| one.samples), Some(2));
        let bytes = list.iter().map(Refused::memory_len).sum();
        (list.len(), full, bytes)
    }

    #[test]
    fn the_list_is_bounded_in_bytes_and_the_reasons_count_on() {
        let (listed, full, bytes) = add(250, 2_000);
        assert!(
            bytes <= MAX_LISTED_BYTES && bytes > MAX_LISTED_BYTES - 6_000,
            "{bytes}"
        );
        assert!((800..1_000).contains(&listed), "{listed}");
        assert_eq!(full, 1);
        assert_eq!(add(1, 100).0, 100);
    }

    #[test]
    fn of_a_label_of_a_megabyte_little_is_kept() {
        let bytes = refused(0, 1 << 20).memory_len();
        assert!(bytes < 16 * 2_200, "{bytes}");
    }
}
