//! Bucket counts by magnitude, a page an octave, allocated when the octave is first touched.
//!
//! A page has 16-bit counts for both sides of the [cut](super::cut), half a KiB in all. A count that
//! comes near its end, or a sample recorded hundreds of times at once, moves to 64 bits.

use super::bucket::{BUCKETS_PER_OCTAVE, OCTAVES};
use crate::sync::{AtomicU16, AtomicU64, OnceLock, Ordering};

const OCTAVES_PER_GROUP: usize = 32;
const GROUPS: usize = OCTAVES.div_ceil(OCTAVES_PER_GROUP);

const WIDE_PART: usize = 32;
/// Adds from here on go to 64 bits at once.
const WIDE_ADD: u64 = 1 << 8;
/// A narrow count that got here is moved there, too. Between reaching it and moving it, 128
/// threads at once may add the most that a narrow count takes.
const NARROW_FULL: u16 = 1 << 15;

#[derive(Debug)]
pub(crate) struct Pages {
    groups: [OnceLock<Box<Group>>; GROUPS],
}

#[derive(Debug)]
struct Group {
    pages: [OnceLock<Box<Page>>; OCTAVES_PER_GROUP],
}

#[derive(Debug)]
struct Page {
    narrow: [[AtomicU16; BUCKETS_PER_OCTAVE]; 2],
    /// In parts, as it is most often few buckets that need it.
    wide: [OnceLock<Box<Wide>>; BUCKETS_PER_OCTAVE / WIDE_PART],
}

#[derive(Debug)]
struct Wide([[AtomicU64; WIDE_PART]; 2]);

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            groups: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    pub(crate) fn add(&self, side: usize, index: usize, samples: u64) {
        let octave = index / BUCKETS_PER_OCTAVE;
        let group = self.groups[octave / OCTAVES_PER_GROUP].get_or_init(Box::default);
        let page = group.pages[octave % OCTAVES_PER_GROUP].get_or_init(Box::default);
        page.add(side, index % BUCKETS_PER_OCTAVE, samples);
    }

    /// Takes all counts of a quiet side out, by rising magnitude.
    pub(crate) fn take(&self, side: usize, mut each: impl FnMut(usize, u64)) {
        for (octave, page) in self.touched() {
            page.take(side, |bucket, samples| {
                each(octave * BUCKETS_PER_OCTAVE + bucket, samples);
            });
        }
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let groups = self.groups.iter().filter_map(OnceLock::get).count() * size_of::<Group>();
        let pages: usize = self
            .touched()
            .map(|(_, page)| {
                let wide = page.wide.iter().filter_map(OnceLock::get).count();
                size_of::<Page>() + wide * size_of::<Wide>()
            })
            .sum();
        groups + pages
    }

    fn touched(&self) -> impl Iterator<Item = (usize, &Page)> {
        let groups = self.groups.iter().enumerate();
        groups
            .filter_map(|(number, group)| Some((number, group.get()?)))
            .flat_map(|(number, group)| {
                let pages = group.pages.iter().enumerate();
                pages.filter_map(move |(octave, page)| {
                    Some((number * OCTAVES_PER_GROUP + octave, &**page.get()?))
                })
            })
    }
}

impl Page {
    fn add(&self, side: usize, bucket: usize, samples: u64) {
        if samples >= WIDE_ADD {
            self.add_wide(side, bucket, samples);
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "less than WIDE_ADD")]
        let samples = samples as u16;
        let narrow = &self.narrow[side][bucket];
        if narrow.fetch_add(samples, Ordering::Relaxed) + samples >= NARROW_FULL {
            let moved = narrow.swap(0, Ordering::Relaxed);
            self.add_wide(side, bucket, u64::from(moved));
        }
    }

    fn add_wide(&self, side: usize, bucket: usize, samples: u64) {
        let wide = self.wide[bucket / WIDE_PART].get_or_init(Box::default);
        add_saturating(&wide.0[side][bucket % WIDE_PART], samples);
    }

    fn take(&self, side: usize, mut each: impl FnMut(usize, u64)) {
        let parts = self.narrow[side].chunks(WIDE_PART).zip(&self.wide);
        for (part, (narrow, wide)) in parts.enumerate() {
            let wide = wide.get().map(|wide| &wide.0[side]);
            for (place, narrow) in narrow.iter().enumerate() {
                let mut samples = u64::from(narrow.load(Ordering::Relaxed));
                if samples > 0 {
                    narrow.store(0, Ordering::Relaxed);
                }
                if let Some(wide) = wide {
                    samples = samples.saturating_add(wide[place].load(Ordering::Relaxed));
                    wide[place].store(0, Ordering::Relaxed);
                }
                if samples > 0 {
                    each(part * WIDE_PART + place, samples);
                }
            }
        }
    }
}

/// Counts without end stop at the greatest number, rather than start again.
pub(crate) fn add_saturating(count: &AtomicU64, samples: u64) {
    // The closure never gives up.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        Some(count.saturating_add(samples))
    });
}

impl Default for Group {
    fn default() -> Self {
        Self {
            pages: std::array::from_fn(|_| OnceLock::new()),
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self {
            narrow: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU16::new(0))),
            wide: std::array::from_fn(|_| OnceLock::new()),
        }
    }
}

impl Default for Wide {
    fn default() -> Self {
        Self(std::array::from_fn(|_| {
            std::array::from_fn(|_| AtomicU64::new(0))
        }))
    }
}
