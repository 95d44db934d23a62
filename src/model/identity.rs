//! What a destination knows a series by: its name and the whole set of its dimensions.

use crate::model::cut::{MAX_KEPT, cut};
use crate::model::datum_settings::DatumSettings;
use crate::model::dimension::{self, Dimensions};
use crate::model::evicted::{Evicted, EvictedBytes};
use crate::model::metric_kind::MetricKind;
use crate::model::name_rules::NameRules;
use crate::model::refusal::Refusal;
use metrics::{Key, Label};
use metrics_recording::Series;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// What an allocator takes for each allocation, more or less.
pub(crate) const PER_ALLOCATION: usize = 16;
/// And its two texts.
const PER_LABEL: usize = size_of::<Label>() + 2 * PER_ALLOCATION;

/// What each datum needs comes first, beside the count of references.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Identity {
    /// What the sink's encoding takes for it, or zero.
    encoded_len: AtomicU32,
    pub(crate) settings: DatumSettings,
    named: Named,
    pub(crate) defaults: Arc<Dimensions>,
    refusal: Option<Box<Refusal>>,
    /// Once its series is no more.
    evicted: OnceLock<Box<Evicted>>,
}

/// Whose name and labels an identity has.
#[derive(Debug)]
pub(crate) enum Named {
    /// A series', which is there anyway.
    Series(Arc<Series>),
    /// That of several series, which a view keeps as long as they live.
    Merged(Box<Key>),
    /// The exporter's own, of which there are few.
    Exporter(Box<Key>),
    /// Its own: of a datum that an application made, or that came from a disk.
    Own(Box<Key>),
}

/// Who made a datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Recording, of a series of this kind.
    Series(MetricKind),
    /// The application itself.
    Put,
    /// The exporter, about itself.
    Exporter,
}

impl Origin {
    pub(crate) fn kind(self) -> Option<MetricKind> {
        match self {
            Self::Series(kind) => Some(kind),
            Self::Put | Self::Exporter => None,
        }
    }
}

impl Identity {
    /// Bytes of memory that data with it take for it. Those of a series are there anyway, until it is
    /// [evicted](Self::evict).
    pub(crate) fn own_memory_len(&self) -> usize {
        match &self.named {
            Named::Own(key) => Self::memory_len(key),
            Named::Series(_) | Named::Merged(_) | Named::Exporter(_) => 0,
        }
    }

    /// Its series are no more: what it takes is the data's now, among `all` of them.
    pub(crate) fn evict(&self, all: &EvictedBytes) {
        let memory_len = Self::memory_len(self.key());
        self.evicted.get_or_init(|| Box::new(all.add(memory_len)));
    }

    /// Bytes of its series, if they are no more.
    pub(crate) fn evicted_len(&self) -> usize {
        self.evicted.get().map_or(0, |evicted| evicted.bytes())
    }

    fn memory_len(key: &Key) -> usize {
        let labels = key.labels();
        let labels = labels.map(|label| PER_LABEL + label.key().len() + label.value().len());
        // Default dimensions are shared with others. This, the key, the name and the labels are allocations, too.
        let own = size_of::<Self>() + size_of::<Key>() + 4 * PER_ALLOCATION;
        own + key.name().len() + labels.sum::<usize>()
    }

    /// Of a key without labels that say nothing. It is not checked by a sink's rules.
    pub(crate) fn new(named: Named, defaults: &Arc<Dimensions>) -> Self {
        Self {
            encoded_len: AtomicU32::new(0),
            settings: DatumSettings::default(),
            named,
            defaults: Arc::clone(defaults),
            refusal: None,
            evicted: OnceLock::new(),
        }
    }

    /// Checked by a sink's rules: [`refusal`](Self::refusal) tells.
    pub(crate) fn checked(named: Named, defaults: &Arc<Dimensions>, rules: &NameRules) -> Self {
        let mut identity = Self::new(named, defaults);
        identity.refusal = check(&identity, rules).err().map(Box::new);
        identity
    }

    /// Whether a sink of these rules takes it.
    pub(crate) fn check(&self, rules: &NameRules) -> Result<(), Refusal> {
        check(self, rules)
    }

    /// By default it has the defaults.
    pub(crate) fn with_settings(self, settings: DatumSettings) -> Self {
        Self { settings, ..self }
    }

    /// What the application knows it by.
    #[inline]
    pub(crate) fn key(&self) -> &Key {
        match &self.named {
            Named::Series(series) => series.key(),
            Named::Merged(key) | Named::Exporter(key) | Named::Own(key) => key,
        }
    }

    /// The series whose identity it is, if it is one's.
    #[inline]
    pub(crate) fn series(&self) -> Option<&Arc<Series>> {
        match &self.named {
            Named::Series(series) => Some(series),
            Named::Merged(_) | Named::Exporter(_) | Named::Own(_) => None,
        }
    }

    /// Why the sink would not take it, if so.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_deref()
    }

    /// Names and values, by name.
    pub(crate) fn dimensions(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        dimension::merged(self.key().labels().as_slice(), &self.defaults)
    }

    /// What it takes of a request, computed the first time; `Datum::identity_len` says by whom.
    pub(crate) fn encoded_len(&self, compute: impl FnOnce() -> usize) -> usize {
        let known = self.encoded_len.load(Ordering::Relaxed);
        if known > 0 {
            return known as usize;
        }
        let len = compute();
        self.encoded_len
            .store(len.try_into().unwrap_or(0), Ordering::Relaxed);
        len
    }
}

fn check(identity: &Identity, rules: &NameRules) -> Result<(), Refusal> {
    let name = identity.key().name();
    rules.check_metric_name(name).map_err(Refusal::MetricName)?;
    let labels = || dimension::by_name(identity.key().labels().as_slice());
    let mut pairs = labels().zip(labels().skip(1));
    if let Some((label, _)) = pairs.find(|(one, next)| one.key() == next.key()) {
        let name = cut(label.key(), MAX_KEPT).into_owned();
        return Err(Refusal::AmbiguousDimension(name.into()));
    }
    rules.check_dimensions(identity.dimensions())
}
