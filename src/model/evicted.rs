//! What data take in memory for series that were evicted: names and labels stay until the data are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of all identities whose series is no more.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvictedBytes(Arc<AtomicUsize>);

/// The share of one identity, for as long as data have it.
#[derive(Debug)]
pub(crate) struct Evicted {
    bytes: usize,
    all: EvictedBytes,
}

impl EvictedBytes {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: usize) -> Evicted {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Evicted {
            bytes,
            all: self.clone(),
        }
    }
}

impl Evicted {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Evicted {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
