//! Data → requests, each as full as the limits allow.

use super::datum::MetricDatum;
use super::size;
use crate::limits::{self, MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};
use crate::refusal::{Refusal, Refused};
use std::sync::Arc;
use std::time::SystemTime;

/// Data that go out in one request, within all of the service's limits.
#[derive(Clone, Debug)]
pub struct Batch {
    namespace: Arc<str>,
    data: Vec<MetricDatum>,
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
    pub fn data(&self) -> &[MetricDatum] {
        &self.data
    }

    /// What of it may not be sent at this time, if anything, and the batch without that.
    pub(crate) fn without_misdated(&self, now: SystemTime) -> Option<(Vec<Refused>, Option<Self>)> {
        let fault = |datum: &MetricDatum| limits::check_timestamp(datum.timestamp, now).err();
        let misdated = self
            .data
            .iter()
            .filter_map(|datum| Some(datum.refused(&Refusal::Timestamp(fault(datum)?))));
        let misdated: Vec<Refused> = misdated.collect();
        if misdated.is_empty() {
            return None;
        }
        let rest = self.data.iter().filter(|datum| fault(datum).is_none());
        let mut packer = Packer::new(Arc::clone(&self.namespace));
        rest.for_each(|datum| packer.push(datum.clone()));
        // Part of a batch is one at most.
        Some((misdated, packer.finish().pop()))
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

/// Fills one request after the other.
#[derive(Debug)]
pub(crate) struct Packer {
    namespace: Arc<str>,
    full: Vec<Batch>,
    open: Vec<MetricDatum>,
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

    pub(crate) fn push(&mut self, datum: MetricDatum) {
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
