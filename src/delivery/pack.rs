//! Data → batches, each as full as the sink allows.

use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::guarantee::Delivery;
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
    /// By [`Delivery`].
    open: [Open; 2],
}

struct Open {
    batch: Batch,
    /// By the sink's account.
    len: usize,
}

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config, sink: &'a dyn AnySink, profile: Profile) -> Self {
        let open = |delivery| Open::new(config, delivery);
        Self {
            config,
            sink,
            profile,
            full: Vec::new(),
            open: [open(Delivery::AtLeastOnce), open(Delivery::AtMostOnce)],
        }
    }

    pub(crate) fn push(&mut self, datum: Datum) {
        let delivery = datum.identity.settings.delivery;
        let open = &mut self.open[usize::from(delivery == Delivery::AtMostOnce)];
        let mut added = self.sink.added_len(&open.batch, &datum);
        let is_full = open.batch.data().len() >= self.profile.max_data
            || open.len + added > self.profile.max_bytes;
        if is_full && !open.batch.data().is_empty() {
            let full = std::mem::replace(open, Open::new(self.config, delivery));
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
    fn new(config: &Config, delivery: Delivery) -> Self {
        Self {
            batch: Batch::open(Arc::clone(&config.namespace), delivery),
            len: 0,
        }
    }

    fn close(self) -> Batch {
        self.batch.closed()
    }
}
