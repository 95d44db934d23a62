//! Data → batches, each as full as the sink allows.

use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::guarantee::Guarantee;
use crate::model::profile::Profile;
use crate::model::sink::AnySink;
use crate::settings::Config;
use std::sync::Arc;

/// Fills one batch after the other.
pub(crate) struct Packer<'a> {
    config: &'a Config,
    sink: &'a dyn AnySink,
    profile: Profile,
    full: Vec<Batch>,
    /// By [`Guarantee`].
    open: [Open; 2],
}

struct Open {
    batch: Batch,
    /// By the sink's account.
    len: usize,
}

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config, sink: &'a dyn AnySink, profile: Profile) -> Self {
        let open = |guarantee| Open::new(config, guarantee);
        Self {
            config,
            sink,
            profile,
            full: Vec::new(),
            open: [open(Guarantee::AtLeastOnce), open(Guarantee::AtMostOnce)],
        }
    }

    pub(crate) fn push(&mut self, datum: Datum) {
        let guarantee = datum.identity.settings.guarantee;
        let open = &mut self.open[usize::from(guarantee == Guarantee::AtMostOnce)];
        let mut added = self.sink.added_len(&open.batch, &datum);
        let is_full = open.batch.data().len() >= self.profile.max_data
            || open.len + added > self.profile.max_bytes;
        if is_full && !open.batch.data().is_empty() {
            let full = std::mem::replace(open, Open::new(self.config, guarantee));
            self.full.push(full.close());
            added = self.sink.added_len(&open.batch, &datum);
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
}

impl Open {
    fn new(config: &Config, guarantee: Guarantee) -> Self {
        Self {
            batch: Batch::open(Arc::clone(&config.namespace), guarantee),
            len: 0,
        }
    }

    fn close(self) -> Batch {
        self.batch.closed()
    }
}
