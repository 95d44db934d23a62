//! A table in which a key may be in one of a few lines, side by side: what a thread's caches are made of.

/// Lines of a set.
pub(super) const WAYS: usize = 4;

#[derive(Debug)]
pub(super) struct Sets<L> {
    /// The sets, one after the other; a power of two of them.
    lines: Vec<Option<L>>,
    /// What a hash is shifted by, to be the number of a set.
    shift: u32,
}

impl<L> Sets<L> {
    pub(super) const fn new() -> Self {
        Self {
            lines: Vec::new(),
            // Any that a number can be shifted by, as there are no sets.
            shift: 63,
        }
    }

    /// The lines of the set that a hash belongs to; none if there are no sets.
    #[inline]
    pub(super) fn set(&self, hash: u64) -> Option<&[Option<L>]> {
        let first = self.first(hash);
        self.lines.get(first..first + WAYS)
    }

    /// The number of the first line of that set.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the number of a set")]
    pub(super) fn first(&self, hash: u64) -> usize {
        // By the top bits of a product (Fibonacci hashing): a key's hash is not meant to be good in any.
        let product = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (product >> self.shift) as usize * WAYS
    }

    /// Replaces a line; returns the one that was there.
    pub(super) fn put(&mut self, number: usize, line: L) -> Option<L> {
        self.lines[number].replace(line)
    }

    /// Clears the lines of a set that are to go; returns how many did.
    pub(super) fn clear(&mut self, set: usize, goes: impl Fn(&L) -> bool) -> usize {
        let lines = self.lines[set * WAYS..][..WAYS].iter_mut();
        lines
            .filter_map(|line| line.take_if(|line| goes(line)))
            .count()
    }

    /// How many sets there are.
    pub(super) fn sets(&self) -> usize {
        self.lines.len() / WAYS
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// As many sets, which are empty; returns the lines that were.
    pub(super) fn resize(&mut self, sets: usize) -> Vec<Option<L>> {
        self.shift = u64::BITS - sets.ilog2();
        std::mem::replace(&mut self.lines, empty(sets * WAYS))
    }
}

pub(super) fn empty<T>(len: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(len).collect()
}
