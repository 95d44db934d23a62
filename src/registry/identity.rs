//! What CloudWatch knows a series by: its name and the whole set of its dimensions.

use crate::cbor::{MAP, head, text};
use crate::dimension::{self, Dimension, Dimensions};
use crate::limits;
use crate::refusal::Refusal;
use metrics::{Key, Label};
use metrics_util::MetricKind;

/// What each datum needs comes first, beside the count of references.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Identity {
    encoded_len: u32,
    /// Whether it is there anyway, for a series or for the exporter, and not for one datum alone.
    pub(crate) is_shared: bool,
    /// What the application knows it by.
    pub(crate) key: Key,
    /// By name.
    pub(crate) dimensions: Box<[Dimension]>,
}

/// Who made a datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A drain, of a series of this kind.
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
    /// Bytes of memory that data with it take for it.
    pub(crate) fn own_memory_len(&self) -> usize {
        if self.is_shared {
            return 0;
        }
        // Names and values are shared with the key where they are static, and copied where not.
        let labels = self.key.labels();
        let labels =
            labels.map(|label| size_of::<Label>() + label.key().len() + label.value().len());
        let dimensions = self.dimensions.iter();
        let dimensions =
            dimensions.map(|own| size_of::<Dimension>() + own.name.len() + own.value.len());
        let texts = self.key.name().len() + labels.sum::<usize>() + dimensions.sum::<usize>();
        size_of::<Self>() + size_of::<Key>() + texts
    }

    pub(crate) fn new(key: Key, dimensions: Box<[Dimension]>, is_shared: bool) -> Self {
        let encoded_len = encoded_len(key.name(), &dimensions);
        Self {
            key,
            dimensions,
            is_shared,
            encoded_len: encoded_len.try_into().unwrap_or(u32::MAX),
        }
    }

    /// The identity of a [normal](normalize) key, or why it has none.
    pub(crate) fn resolve(
        key: Key,
        defaults: &Dimensions,
        is_shared: bool,
    ) -> Result<Self, (Key, Refusal)> {
        match dimensions(&key, defaults) {
            Ok(dimensions) => Ok(Self::new(key, dimensions, is_shared)),
            Err(refusal) => Err((key, refusal)),
        }
    }

    /// Its exact share of a datum's bytes.
    pub(crate) fn encoded_len(&self) -> usize {
        self.encoded_len as usize
    }
}

fn encoded_len(name: &str, dimensions: &[Dimension]) -> usize {
    let name = text("MetricName") + text(name);
    if dimensions.is_empty() {
        return name;
    }
    let each = dimensions.iter().map(|dimension| {
        MAP + text("Name") + text(&dimension.name) + text("Value") + text(&dimension.value)
    });
    name + text("Dimensions") + head(dimensions.len()) + each.sum::<usize>()
}

fn dimensions(key: &Key, defaults: &Dimensions) -> Result<Box<[Dimension]>, Refusal> {
    limits::check_metric_name(key.name()).map_err(Refusal::MetricName)?;
    let mut own = Dimensions::new();
    for label in key.labels() {
        let (name, value) = label.clone().into_parts();
        if own.insert(name.clone(), value).is_some() {
            return Err(Refusal::AmbiguousDimension(name));
        }
    }
    let mut dimensions = defaults.clone();
    dimensions.append(&mut own);
    // An empty value takes a default dimension away.
    dimensions.retain(|_, value| !value.is_empty());
    dimension::check(&dimensions)?;
    Ok(dimensions
        .into_iter()
        .map(|(name, value)| Dimension::new(name, value))
        .collect())
}

/// The one key that stands for all keys of the same identity, or nothing if `key` is that key.
///
/// A label that is there twice, that repeats a default dimension, or that has an empty value but no
/// default dimension to take away, says nothing.
pub(crate) fn normalize(key: &Key, defaults: &Dimensions) -> Option<Key> {
    let mut labels: Vec<&Label> = key.labels().collect();
    let all = labels.len();
    labels.sort();
    labels.dedup();
    let is_alone = |position: usize| {
        let name = labels[position].key();
        (position == 0 || labels[position - 1].key() != name)
            && labels
                .get(position + 1)
                .is_none_or(|next| next.key() != name)
    };
    let says_something = |position: usize| {
        let label = labels[position];
        let silent = match defaults.get(label.key()) {
            Some(default) => **default == *label.value(),
            None => label.value().is_empty(),
        };
        // Of labels that contradict each other all are kept, to be refused.
        !silent || !is_alone(position)
    };
    let kept: Vec<Label> = (0..labels.len())
        .filter(|&position| says_something(position))
        .map(|position| labels[position].clone())
        .collect();
    (kept.len() < all).then(|| Key::from_parts(key.name_shared(), kept))
}
