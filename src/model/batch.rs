//! Data that go out together.

use crate::model::datum::Datum;
use crate::model::guarantee::Guarantee;
use crate::model::sink::AnySink;
use std::sync::Arc;
use std::time::SystemTime;

/// Data that go out in one request, within the limits of the [`Profile`](crate::Profile) of the sink that they are for.
#[derive(Clone, Debug)]
pub struct Batch {
    key: BatchKey,
    data: Vec<Datum>,
    memory_len: usize,
    /// Bytes of the request, by the sink's account, if that was asked.
    request_len: Option<usize>,
    /// The earliest and the latest of the data's time stamps.
    stamps: Option<(SystemTime, SystemTime)>,
}

/// What all data of a batch have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchKey {
    pub(crate) namespace: Arc<str>,
    pub(crate) guarantee: Guarantee,
    pub(crate) repeat: Repeat,
}

/// What it means that a batch arrives twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Repeat {
    #[default]
    MayCountTwice,
    /// Totals, and gauges beside them: the later one takes the place of the same.
    Harmless,
}

impl BatchKey {
    pub(crate) fn new(namespace: Arc<str>, guarantee: Guarantee) -> Self {
        Self {
            namespace,
            guarantee,
            repeat: Repeat::MayCountTwice,
        }
    }
}

impl Batch {
    /// A batch to test a sink with.
    pub fn new(namespace: impl Into<Arc<str>>, data: impl IntoIterator<Item = Datum>) -> Self {
        Self::of(BatchKey::new(namespace.into(), Guarantee::default()), data)
    }

    pub(crate) fn of(key: BatchKey, data: impl IntoIterator<Item = Datum>) -> Self {
        let mut batch = Self::open(key);
        batch.data.extend(data);
        batch.closed()
    }

    /// Without data yet.
    pub(crate) fn open(key: BatchKey) -> Self {
        Self {
            key,
            data: Vec::new(),
            memory_len: size_of::<Self>(),
            request_len: None,
            stamps: None,
        }
    }

    /// Makes room for so many data, so that they need not be copied as it grows.
    pub(crate) fn reserve(&mut self, data: usize) {
        self.data.reserve_exact(data);
    }

    /// Adds a datum, before it is [closed](Self::closed).
    #[inline]
    pub(crate) fn push(&mut self, datum: Datum) {
        self.data.push(datum);
    }

    /// With what is known of all its data, and no more memory than they take, as it may wait for long.
    pub(crate) fn closed(mut self) -> Self {
        self.data.shrink_to_fit();
        for datum in &self.data {
            self.memory_len += datum.memory_len();
            let stamp = datum.timestamp;
            // Most often all are of the same window.
            match &mut self.stamps {
                Some((oldest, newest)) if (*oldest..=*newest).contains(&stamp) => {}
                Some((oldest, newest)) => {
                    *oldest = stamp.min(*oldest);
                    *newest = stamp.max(*newest);
                }
                none => *none = Some((stamp, stamp)),
            }
        }
        self
    }

    /// With so many bytes for the request.
    pub(crate) fn with_request_len(mut self, bytes: usize) -> Self {
        self.request_len = Some(bytes);
        self
    }

    /// Bytes of the request, by the sink's account.
    pub(crate) fn request_len(&self, sink: &dyn AnySink) -> usize {
        self.request_len.unwrap_or_else(|| {
            let (mut batch, mut len) = (Self::open(self.key.clone()), 0);
            for datum in &self.data {
                len += sink.added_len(&batch, datum);
                batch.push(datum.clone());
            }
            len
        })
    }

    /// A batch of its own for some of its data; none if there are none.
    pub(crate) fn part(&self, data: Vec<Datum>) -> Option<Self> {
        (!data.is_empty()).then(|| Self::of(self.key.clone(), data))
    }

    /// The namespace that all of the data are in.
    pub fn namespace(&self) -> &str {
        &self.key.namespace
    }

    /// What is to be done if the fate of an attempt is not known; the same for all of the data.
    pub fn guarantee(&self) -> Guarantee {
        self.key.guarantee
    }

    pub(crate) fn key(&self) -> &BatchKey {
        &self.key
    }

    /// Whether it may arrive twice.
    pub(crate) fn is_harmless(&self) -> bool {
        self.key.repeat == Repeat::Harmless
    }

    /// The data; one at least in what is sent.
    pub fn data(&self) -> &[Datum] {
        &self.data
    }

    /// The datum at a place.
    pub(crate) fn datum_mut(&mut self, place: usize) -> Option<&mut Datum> {
        self.data.get_mut(place)
    }

    /// The earliest of its data's time stamps.
    pub(crate) fn oldest(&self) -> SystemTime {
        self.stamps
            .map_or(SystemTime::UNIX_EPOCH, |(oldest, _)| oldest)
    }

    /// The latest.
    pub(crate) fn newest(&self) -> SystemTime {
        self.stamps
            .map_or(SystemTime::UNIX_EPOCH, |(_, newest)| newest)
    }

    /// The bytes of memory that it holds.
    pub(crate) fn memory_len(&self) -> usize {
        self.memory_len
    }
}
