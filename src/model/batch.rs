//! Data that go out together.

use crate::model::datum::Datum;
use crate::settings::Delivery;
use crate::sinks::put_metric_data::request_len;
use std::sync::Arc;
use std::time::SystemTime;

/// Data that go out in one request, within all of the service's limits.
#[derive(Clone, Debug)]
pub struct Batch {
    namespace: Arc<str>,
    delivery: Delivery,
    data: Vec<Datum>,
    encoded_len: usize,
    memory_len: usize,
    oldest: SystemTime,
    newest: SystemTime,
}

impl Batch {
    pub(crate) fn new(namespace: Arc<str>, delivery: Delivery, data: Vec<Datum>) -> Self {
        let data_len = data.iter().map(request_len::datum).sum();
        Self::of_len(namespace, delivery, data, data_len)
    }

    /// Of data that take so many bytes, without the envelope.
    pub(crate) fn of_len(
        namespace: Arc<str>,
        delivery: Delivery,
        mut data: Vec<Datum>,
        data_len: usize,
    ) -> Self {
        // It may wait for long.
        data.shrink_to_fit();
        let timestamps = || data.iter().map(|datum| datum.timestamp);
        Self {
            encoded_len: request_len::envelope(&namespace, data.len()) + data_len,
            memory_len: size_of::<Self>() + data.iter().map(Datum::memory_len).sum::<usize>(),
            oldest: timestamps().min().unwrap_or(SystemTime::UNIX_EPOCH),
            newest: timestamps().max().unwrap_or(SystemTime::UNIX_EPOCH),
            namespace,
            delivery,
            data,
        }
    }

    /// A batch of its own for some of its data; none if there are none.
    pub(crate) fn part(&self, data: Vec<Datum>) -> Option<Self> {
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
    pub fn data(&self) -> &[Datum] {
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
