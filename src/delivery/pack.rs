//! Data → requests, each as full as the limits allow.

use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::settings::{Config, Delivery};
use crate::sinks::put_metric_data::request_len;
use std::sync::Arc;

/// Fills one request after the other.
#[derive(Debug)]
pub(crate) struct Packer<'a> {
    config: &'a Config,
    /// The envelope's bytes, of as many data as a request takes.
    envelope: usize,
    full: Vec<Batch>,
    /// By [`Delivery`].
    open: [Open; 2],
}

#[derive(Debug, Default)]
struct Open {
    data: Vec<Datum>,
    /// The data's bytes, without the envelope.
    len: usize,
}

const DELIVERIES: [Delivery; 2] = [Delivery::AtLeastOnce, Delivery::AtMostOnce];

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self {
            config,
            envelope: request_len::envelope(&config.namespace, MAX_DATA_PER_REQUEST),
            full: Vec::new(),
            open: Default::default(),
        }
    }

    pub(crate) fn push(&mut self, datum: Datum) {
        let delivery = self.config.delivery(datum.name());
        let place = usize::from(delivery == Delivery::AtMostOnce);
        let len = request_len::datum(&datum);
        let open = &self.open[place];
        let count = open.data.len() + 1;
        if count > MAX_DATA_PER_REQUEST || self.envelope + open.len + len > MAX_REQUEST_BYTES {
            self.close(place);
        }
        self.open[place].data.push(datum);
        self.open[place].len += len;
    }

    pub(crate) fn finish(mut self) -> Vec<Batch> {
        (0..self.open.len()).for_each(|place| self.close(place));
        self.full
    }

    fn close(&mut self, place: usize) {
        let Open { data, len } = std::mem::take(&mut self.open[place]);
        if !data.is_empty() {
            let namespace = Arc::clone(&self.config.namespace);
            self.full
                .push(Batch::of_len(namespace, DELIVERIES[place], data, len));
        }
    }
}
