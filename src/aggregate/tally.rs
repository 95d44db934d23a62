//! Bucket counts by magnitude where only one thread is at work: a page an octave, allocated when the
//! octave is first touched.

use super::bucket::BUCKETS_PER_OCTAVE;
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Tally {
    /// The octave of the first page.
    first: usize,
    pages: Vec<Option<Box<Page>>>,
    /// What 32 bits cannot count, by bucket.
    excess: BTreeMap<usize, u64>,
}

type Page = [u32; BUCKETS_PER_OCTAVE];

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            first: 0,
            pages: Vec::new(),
            excess: BTreeMap::new(),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, index: usize, samples: u64) {
        let (octave, bucket) = (index / BUCKETS_PER_OCTAVE, index % BUCKETS_PER_OCTAVE);
        let page = match self.pages.get_mut(octave.wrapping_sub(self.first)) {
            Some(Some(page)) => page,
            _ => self.new_page(octave),
        };
        let count = &mut page[bucket];
        match u64::from(*count).checked_add(samples).map(u32::try_from) {
            Some(Ok(sum)) => *count = sum,
            _ => self.add_excess(index, samples),
        }
    }

    #[cold]
    fn new_page(&mut self, octave: usize) -> &mut Page {
        if self.pages.is_empty() {
            self.first = octave;
        }
        if octave < self.first {
            let before = std::iter::repeat_with(|| None).take(self.first - octave);
            self.pages.splice(..0, before);
            self.first = octave;
        }
        let place = octave - self.first;
        if place >= self.pages.len() {
            self.pages.resize_with(place + 1, || None);
        }
        self.pages[place].get_or_insert_with(|| Box::new([0; BUCKETS_PER_OCTAVE]))
    }

    #[cold]
    fn add_excess(&mut self, index: usize, samples: u64) {
        let excess = self.excess.entry(index).or_default();
        *excess = excess.saturating_add(samples);
    }

    /// Takes all counts out, by rising magnitude.
    pub(crate) fn take(&mut self, mut each: impl FnMut(usize, u64)) {
        let first = self.first;
        let pages = self.pages.iter_mut().enumerate();
        let pages = pages.filter_map(|(place, page)| Some((first + place, page.as_mut()?)));
        for (octave, page) in pages {
            for (bucket, count) in page.iter_mut().enumerate() {
                let index = octave * BUCKETS_PER_OCTAVE + bucket;
                let mut samples = u64::from(std::mem::take(count));
                if !self.excess.is_empty() {
                    let excess = self.excess.remove(&index).unwrap_or(0);
                    samples = samples.saturating_add(excess);
                }
                if samples > 0 {
                    each(index, samples);
                }
            }
        }
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let pages = self.pages.iter().flatten().count() * size_of::<Page>();
        self.pages.capacity() * size_of::<Option<Box<Page>>>() + pages
    }
}
