//! Data → requests, each as full as the limits allow.

use super::datum::MetricDatum;
use super::size;
use crate::config::{Config, Delivery};
use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};
use std::sync::Arc;
use std::time::SystemTime;

/// Data that go out in one request, within all of the service's limits.
#[derive(Clone, Debug)]
pub struct Batch {
    namespace: Arc<str>,
    delivery: Delivery,
    data: Vec<MetricDatum>,
    encoded_len: usize,
    memory_len: usize,
    oldest: SystemTime,
    newest: SystemTime,
}

impl Batch {
    pub(crate) fn new(namespace: Arc<str>, delivery: Delivery, data: Vec<MetricDatum>) -> Self {
        let data_len = data.iter().map(size::datum).sum();
        Self::of_len(namespace, delivery, data, data_len)
    }

    /// Of data that take so many bytes, without the envelope.
    fn of_len(
        namespace: Arc<str>,
        delivery: Delivery,
        mut data: Vec<MetricDatum>,
        data_len: usize,
    ) -> Self {
        // It may wait for long.
        data.shrink_to_fit();
        let timestamps = || data.iter().map(|datum| datum.timestamp);
        Self {
            encoded_len: size::envelope(&namespace, data.len()) + data_len,
            memory_len: size_of::<Self>() + data.iter().map(MetricDatum::memory_len).sum::<usize>(),
            oldest: timestamps().min().unwrap_or(SystemTime::UNIX_EPOCH),
            newest: timestamps().max().unwrap_or(SystemTime::UNIX_EPOCH),
            namespace,
            delivery,
            data,
        }
    }

    /// A batch of its own for some of its data; none if there are none.
    pub(crate) fn part(&self, data: Vec<MetricDatum>) -> Option<Self> {
        let namespace = Arc::clone(&self.namespace);
        (!data.is_empty()).then(|| Self::new(namespace, self.delivery, data))
    }

    /// The namespace that all of the data are in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What is to be done if the fate of an attempt is not known; the same for all of the data.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// 1–1,000 data.
    pub fn data(&self) -> &[MetricDatum] {
        &self.data
    }

    /// The exact size in bytes of the request's body as the SDK writes it, before compression:
    /// 1,000,000 at most.
    pub fn encoded_len(&self) -> usize {
        self.encoded_len
    }

    /// The earliest of its data's time stamps.
    pub(crate) fn oldest(&self) -> SystemTime {
        self.oldest
    }

    /// The latest.
    pub(crate) fn newest(&self) -> SystemTime {
        self.newest
    }

    /// The bytes of memory that it holds.
    pub(crate) fn memory_len(&self) -> usize {
        self.memory_len
    }
}

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
    data: Vec<MetricDatum>,
    /// The data's bytes, without the envelope.
    len: usize,
}

const DELIVERIES: [Delivery; 2] = [Delivery::AtLeastOnce, Delivery::AtMostOnce];

impl<'a> Packer<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self {
            config,
            envelope: size::envelope(&config.namespace, MAX_DATA_PER_REQUEST),
            full: Vec::new(),
            open: Default::default(),
        }
    }

    pub(crate) fn push(&mut self, datum: MetricDatum) {
        let delivery = self.config.delivery(datum.name());
        let place = usize::from(delivery == Delivery::AtMostOnce);
        let len = size::datum(&datum);
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
