//! Data → batches, each as full as the sink allows.

use crate::model::batch::{Batch, BatchKey, Repeat};
use crate::model::datum::Datum;
use crate::model::guarantee::Guarantee;
use crate::model::identity::Origin;
use crate::model::profile::{Profile, Temporality};
use crate::model::sink::AnySink;
use crate::settings::Config;
use std::sync::Arc;

/// Fills one batch after the other.
pub(crate) struct Packer<'a> {
    config: &'a Config,
    sink: &'a dyn AnySink,
    profile: Profile,
    takes_totals: bool,
    /// Where totals begin, which goes before them.
    zeros: Vec<Batch>,
    full: Vec<Batch>,
    /// By [`Share`].
    open: [Open; 4],
}

struct Open {
    batch: Batch,
    /// By the sink's account.
    len: usize,
}

/// What may share a batch.
#[derive(Clone, Copy)]
enum Share {
    AtLeastOnce,
    AtMostOnce,
    Harmless,
    Zeros,
}

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config, sink: &'a dyn AnySink, profile: Profile) -> Self {
        let all = [
            Share::AtLeastOnce,
            Share::AtMostOnce,
            Share::Harmless,
            Share::Zeros,
        ];
        Self {
            config,
            sink,
            profile,
            takes_totals: profile.temporality() == Temporality::Cumulative,
            zeros: Vec::new(),
            full: Vec::new(),
            open: all.map(|share| Open::new(config, share)),
        }
    }

    pub(crate) fn push(&mut self, datum: Datum) {
        let share = self.share_of(&datum);
        let open = &mut self.open[share as usize];
        let mut added = self.sink.added_len(&open.batch, &datum);
        let is_full = open.batch.data().len() >= self.profile.max_data
            || open.len + added > self.profile.max_bytes;
        if is_full && !open.batch.data().is_empty() {
            let full = std::mem::replace(open, Open::new(self.config, share)).close();
            added = self.sink.added_len(&open.batch, &datum);
            match share {
                Share::Zeros => self.zeros.push(full),
                _ => self.full.push(full),
            }
        }
        open.batch.push(datum);
        open.len += added;
    }

    /// The batches with zeros first.
    pub(crate) fn finish(self) -> Vec<Batch> {
        let Self {
            mut zeros,
            full,
            open: [at_least_once, at_most_once, harmless, last_zeros],
            ..
        } = self;
        let close_used = |open: Open| (!open.batch.data().is_empty()).then(|| open.close());
        zeros.extend(close_used(last_zeros));
        zeros.extend(full);
        let rest = [at_least_once, at_most_once, harmless];
        zeros.extend(rest.into_iter().filter_map(close_used));
        zeros
    }

    #[inline]
    fn share_of(&self, datum: &Datum) -> Share {
        if self.takes_totals && matches!(datum.origin, Origin::Series(_)) {
            return if datum.is_zero() {
                Share::Zeros
            } else {
                Share::Harmless
            };
        }
        match datum.identity.settings.guarantee {
            Guarantee::AtLeastOnce => Share::AtLeastOnce,
            Guarantee::AtMostOnce => Share::AtMostOnce,
        }
    }
}

impl Open {
    fn new(config: &Config, share: Share) -> Self {
        let guarantee = match share {
            Share::AtMostOnce => Guarantee::AtMostOnce,
            Share::AtLeastOnce | Share::Harmless | Share::Zeros => Guarantee::AtLeastOnce,
        };
        let mut key = BatchKey::new(Arc::clone(&config.namespace), guarantee);
        key.is_zeros = matches!(share, Share::Zeros);
        if matches!(share, Share::Harmless | Share::Zeros) {
            key.repeat = Repeat::Harmless;
        }
        Self {
            batch: Batch::open(key),
            len: 0,
        }
    }

    fn close(self) -> Batch {
        self.batch.closed()
    }
}
