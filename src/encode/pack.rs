//! Data → requests, each as full as the limits allow.

use super::datum::Datum;
use super::size;
use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};
use std::sync::Arc;
use std::time::SystemTime;

/// Data that go out in one request, within all of the service's limits.
#[derive(Clone, Debug)]
pub struct Batch {
    namespace: Arc<str>,
    data: Vec<Datum>,
    encoded_len: usize,
    /// How much was recorded of what is in there.
    samples: u64,
}

impl Batch {
    /// The namespace that all of the data are in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// 1–1,000 data.
    pub fn data(&self) -> &[Datum] {
        &self.data
    }

    /// The window that all of the data are from.
    pub(crate) fn timestamp(&self) -> SystemTime {
        self.data[0].timestamp
    }

    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// The exact size in bytes of the request's body as the SDK writes it, before compression:
    /// 1,000,000 at most.
    pub fn encoded_len(&self) -> usize {
        self.encoded_len
    }
}

/// Fills one request after the other, all with data of one window.
#[derive(Debug)]
pub(crate) struct Packer {
    namespace: Arc<str>,
    full: Vec<Batch>,
    open: Vec<Datum>,
    /// The open data's bytes, without the envelope.
    open_len: usize,
}

impl Packer {
    pub(crate) fn new(namespace: Arc<str>) -> Self {
        Self {
            namespace,
            full: Vec::new(),
            open: Vec::new(),
            open_len: 0,
        }
    }

    pub(crate) fn push(&mut self, datum: Datum) {
        let len = size::datum(&datum);
        let count = self.open.len() + 1;
        if count > MAX_DATA_PER_REQUEST
            || self.encoded_len(count, self.open_len + len) > MAX_REQUEST_BYTES
        {
            self.close();
        }
        self.open.push(datum);
        self.open_len += len;
    }

    pub(crate) fn finish(mut self) -> Vec<Batch> {
        self.close();
        self.full
    }

    fn encoded_len(&self, count: usize, data_len: usize) -> usize {
        size::envelope(&self.namespace, count) + data_len
    }

    fn close(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let encoded_len = self.encoded_len(self.open.len(), self.open_len);
        let samples = self.open.iter().map(|datum| datum.origin.samples);
        let samples = samples.fold(0, u64::saturating_add);
        self.open_len = 0;
        self.full.push(Batch {
            namespace: Arc::clone(&self.namespace),
            data: std::mem::take(&mut self.open),
            encoded_len,
            samples,
        });
    }
}
