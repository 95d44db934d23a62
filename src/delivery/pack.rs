//! Data → batches, each as full as the sink allows.

use crate::model::batch::{Batch, BatchKey, Repeat};
use crate::model::datum::Datum;
use crate::model::guarantee::Guarantee;
use crate::model::identity::Origin;
use crate::model::profile::{Profile, Temporality};
use crate::model::sink::AnySink;
use crate::settings::Config;
use std::sync::Arc;

/// Room for so many data is made at once, if the sink takes as many. What is left of it is given back when the batch is full.
const RESERVED: usize = 1_000;

/// Fills one batch after the other.
pub(crate) struct Packer<'a> {
    config: &'a Config,
    sink: &'a dyn AnySink,
    profile: Profile,
    takes_totals: bool,
    full: Vec<Batch>,
    /// By [`Share`].
    open: [Open; 3],
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
}

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config, sink: &'a dyn AnySink, profile: Profile) -> Self {
        let all = [Share::AtLeastOnce, Share::AtMostOnce, Share::Harmless];
        Self {
            config,
            sink,
            profile,
            takes_totals: profile.temporality() == Temporality::Cumulative,
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
            self.full.push(full);
        }
        if open.batch.data().is_empty() {
            open.batch.reserve(self.profile.max_data.min(RESERVED));
        }
        open.batch.push(datum);
        open.len += added;
    }

    pub(crate) fn finish(self) -> Vec<Batch> {
        let Self { mut full, open, .. } = self;
        let is_used = |open: &Open| !open.batch.data().is_empty();
        full.extend(open.into_iter().filter(is_used).map(Open::close));
        full
    }

    #[inline]
    fn share_of(&self, datum: &Datum) -> Share {
        if self.takes_totals && matches!(datum.origin, Origin::Series(_)) {
            return Share::Harmless;
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
            Share::AtLeastOnce | Share::Harmless => Guarantee::AtLeastOnce,
        };
        let mut key = BatchKey::new(Arc::clone(&config.namespace), guarantee);
        if matches!(share, Share::Harmless) {
            key.repeat = Repeat::Harmless;
        }
        Self {
            batch: Batch::open(key),
            len: 0,
        }
    }

    fn close(self) -> Batch {
        self.batch.closed().with_request_len(self.len)
    }
}
