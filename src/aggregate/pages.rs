//! Bucket counts by magnitude, a page an octave, allocated when the octave is first touched.
//!
//! A page has 16-bit counts for both sides of the [cut](super::cut), half a KiB in all: four in a word, as a drain
//! looks at all of them and most are zero. A count that comes near its end, or a sample recorded dozens of times at
//! once, moves to 64 bits.

use super::bucket::{BUCKETS_PER_OCTAVE, OCTAVES};
use super::sparse::Sparse;
use crate::sync::{AtomicU64, OnceLock, Ordering};

const OCTAVES_PER_GROUP: usize = 32;
const GROUPS: usize = OCTAVES.div_ceil(OCTAVES_PER_GROUP);

const WIDE_PART: usize = 32;
/// Adds from here on go to 64 bits at once.
const WIDE_ADD: u64 = 1 << 6;
/// A narrow count that got here is moved there, too.
const NARROW_FULL: u64 = 1 << 14;
/// Between reaching that and moving it, each of so many threads may add the most that a narrow count takes.
const THREADS: u64 = 768;
const NARROW_BITS: usize = 16;
const NARROW: u64 = (1 << NARROW_BITS) - 1;
const NARROW_PER_WORD: usize = 64 / NARROW_BITS;
// Or a carry would reach the neighbour in the word.
const _: () = assert!(NARROW_FULL - 1 + THREADS * (WIDE_ADD - 1) <= NARROW);

#[derive(Debug)]
pub(crate) struct Pages(Sparse<Sparse<Page, OCTAVES_PER_GROUP>, GROUPS>);

#[derive(Debug)]
struct Page {
    narrow: [[AtomicU64; BUCKETS_PER_OCTAVE / NARROW_PER_WORD]; 2],
    /// In parts, as it is most often few buckets that need it.
    wide: [OnceLock<Box<Wide>>; BUCKETS_PER_OCTAVE / WIDE_PART],
}

#[derive(Debug)]
struct Wide([[AtomicU64; WIDE_PART]; 2]);

impl Pages {
    pub(crate) fn new() -> Self {
        Self(Sparse::default())
    }

    pub(crate) fn add(&self, side: usize, index: usize, samples: u64) {
        let octave = index / BUCKETS_PER_OCTAVE;
        let group = self
            .0
            .get_or_init(octave / OCTAVES_PER_GROUP, Sparse::default);
        let page = group.get_or_init(octave % OCTAVES_PER_GROUP, Page::default);
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
        let groups = self.0.iter().count() * size_of::<Sparse<Page, OCTAVES_PER_GROUP>>();
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
        self.0.iter().flat_map(|(number, group)| {
            let pages = group.iter();
            pages.map(move |(octave, page)| (number * OCTAVES_PER_GROUP + octave, page))
        })
    }
}

impl Page {
    fn add(&self, side: usize, bucket: usize, samples: u64) {
        if samples >= WIDE_ADD {
            self.add_wide(side, bucket, samples);
            return;
        }
        let word = &self.narrow[side][bucket / NARROW_PER_WORD];
        let shift = bucket % NARROW_PER_WORD * NARROW_BITS;
        let before = word.fetch_add(samples << shift, Ordering::Relaxed) >> shift & NARROW;
        if before + samples >= NARROW_FULL {
            let moved = word.fetch_and(!(NARROW << shift), Ordering::Relaxed) >> shift & NARROW;
            self.add_wide(side, bucket, moved);
        }
    }

    fn add_wide(&self, side: usize, bucket: usize, samples: u64) {
        let wide = self.wide[bucket / WIDE_PART].get_or_init(Box::default);
        add_saturating(&wide.0[side][bucket % WIDE_PART], samples);
    }

    fn take(&self, side: usize, mut each: impl FnMut(usize, u64)) {
        let parts = self.narrow[side].chunks(WIDE_PART / NARROW_PER_WORD);
        for (part, (words, wide)) in parts.zip(&self.wide).enumerate() {
            let wide = wide.get().map(|wide| &wide.0[side]);
            for (number, word) in words.iter().enumerate() {
                let narrow = word.load(Ordering::Relaxed);
                if narrow != 0 {
                    word.store(0, Ordering::Relaxed);
                } else if wide.is_none() {
                    continue;
                }
                for place in 0..NARROW_PER_WORD {
                    let mut samples = narrow >> (place * NARROW_BITS) & NARROW;
                    let bucket = number * NARROW_PER_WORD + place;
                    if let Some(wide) = wide {
                        samples = samples.saturating_add(wide[bucket].load(Ordering::Relaxed));
                        wide[bucket].store(0, Ordering::Relaxed);
                    }
                    if samples > 0 {
                        each(part * WIDE_PART + bucket, samples);
                    }
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

impl Default for Page {
    fn default() -> Self {
        Self {
            narrow: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
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
