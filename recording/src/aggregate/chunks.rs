//! Counts by cell: a chunk of 128 cells for each octave, allocated when the octave is first touched.

use super::bucket::BUCKETS_PER_OCTAVE;
use std::collections::BTreeMap;

pub(crate) type Chunk = [u32; BUCKETS_PER_OCTAVE];

/// Chunks of zeros that are used again.
pub(crate) type Pool = Vec<Box<Chunk>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Chunks {
    /// The octave of the first chunk.
    first: usize,
    by_octave: Vec<Option<Box<Chunk>>>,
    /// What 32 bits cannot count, by cell.
    excess: BTreeMap<usize, u64>,
}

impl Chunks {
    #[inline]
    pub(crate) fn add(&mut self, cell: usize, samples: u64) {
        let (octave, position) = (cell / BUCKETS_PER_OCTAVE, cell % BUCKETS_PER_OCTAVE);
        let chunk = match self.by_octave.get_mut(octave.wrapping_sub(self.first)) {
            Some(Some(chunk)) => chunk,
            _ => self.new_chunk(octave),
        };
        let count = &mut chunk[position];
        match u64::from(*count).checked_add(samples).map(u32::try_from) {
            Some(Ok(sum)) => *count = sum,
            _ => self.add_excess(cell, samples),
        }
    }

    #[cold]
    fn new_chunk(&mut self, octave: usize) -> &mut Chunk {
        self.at(octave)
            .get_or_insert_with(|| Box::new([0; BUCKETS_PER_OCTAVE]))
    }

    fn at(&mut self, octave: usize) -> &mut Option<Box<Chunk>> {
        if self.by_octave.is_empty() {
            self.first = octave;
        }
        if octave < self.first {
            let before = std::iter::repeat_with(|| None).take(self.first - octave);
            self.by_octave.splice(..0, before);
            self.first = octave;
        }
        let position = octave - self.first;
        if position >= self.by_octave.len() {
            self.by_octave.resize_with(position + 1, || None);
        }
        &mut self.by_octave[position]
    }

    #[cold]
    fn add_excess(&mut self, cell: usize, samples: u64) {
        let excess = self.excess.entry(cell).or_default();
        *excess = excess.saturating_add(samples);
    }

    /// The counts above zero, by rising cell.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> {
        let chunks = self.by_octave.iter().enumerate();
        let chunks =
            chunks.filter_map(|(position, chunk)| Some((self.first + position, chunk.as_ref()?)));
        let counts = chunks.flat_map(|(octave, chunk)| {
            let counts = chunk.iter().enumerate();
            counts.map(move |(position, count)| (octave * BUCKETS_PER_OCTAVE + position, *count))
        });
        counts.filter_map(|(cell, count)| {
            let count = match u64::from(count) {
                count if self.excess.is_empty() => count,
                count => count.saturating_add(self.excess.get(&cell).copied().unwrap_or(0)),
            };
            (count > 0).then_some((cell, count))
        })
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (position, chunk) in other.by_octave.iter().enumerate() {
            if let Some(chunk) = chunk {
                self.add_chunk(other.first + position, chunk);
            }
        }
        for (cell, samples) in &other.excess {
            self.add_excess(*cell, *samples);
        }
    }

    /// Moves all counts to `target`. A full chunk is exchanged for a chunk of zeros, or added to a chunk that `target` has
    /// already. So `self` keeps as many chunks as it had.
    pub(crate) fn move_to(&mut self, target: &mut Self, pool: &mut Pool) {
        for (position, chunk) in self.by_octave.iter_mut().enumerate() {
            let Some(chunk) = chunk else {
                continue;
            };
            let octave = self.first + position;
            let chunk_there = target.at(octave);
            if chunk_there.is_none() {
                let zeros = pool.pop();
                let zeros = zeros.unwrap_or_else(|| Box::new([0; BUCKETS_PER_OCTAVE]));
                *chunk_there = Some(std::mem::replace(chunk, zeros));
            } else {
                target.add_chunk(octave, chunk);
                chunk.fill(0);
            }
        }
        if !self.excess.is_empty() {
            for (cell, samples) in std::mem::take(&mut self.excess) {
                target.add_excess(cell, samples);
            }
        }
    }

    /// Adds a chunk's counts in one pass that the compiler can vectorise.
    fn add_chunk(&mut self, octave: usize, counts: &Chunk) {
        let chunk_there = self.at(octave);
        let chunk = chunk_there.get_or_insert_with(|| Box::new([0; BUCKETS_PER_OCTAVE]));
        let mut overflows = 0;
        for (sum, count) in chunk.iter_mut().zip(counts) {
            *sum = sum.wrapping_add(*count);
            overflows |= u32::from(*sum < *count);
        }
        if overflows != 0 {
            self.carry(octave, counts);
        }
    }

    /// Counts what the sums of a chunk lost when they wrapped.
    #[cold]
    fn carry(&mut self, octave: usize, counts: &Chunk) {
        for (position, count) in counts.iter().enumerate() {
            let sum = self.by_octave[octave - self.first].as_ref();
            if sum.is_some_and(|sum| sum[position] < *count) {
                self.add_excess(octave * BUCKETS_PER_OCTAVE + position, 1 << u32::BITS);
            }
        }
    }

    /// Empties it; its chunks go to `pool`.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        pool.extend(self.by_octave.drain(..).flatten().map(|mut chunk| {
            chunk.fill(0);
            chunk
        }));
        self.excess.clear();
    }

    /// Bytes on the heap.
    pub(crate) fn allocated(&self) -> usize {
        let chunks = self.by_octave.iter().flatten().count() * size_of::<Chunk>();
        self.by_octave.capacity() * size_of::<Option<Box<Chunk>>>() + chunks
    }
}
