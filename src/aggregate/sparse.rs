//! Places that are filled when they are first used, and stay.

use crate::bits::ones;
use crate::sync::{AtomicU64, OnceLock, Ordering};

/// `N` places, 128 at most. What is in there is found without a look at what is not.
#[derive(Debug)]
pub(crate) struct Sparse<T, const N: usize> {
    filled: [AtomicU64; 2],
    places: [OnceLock<Box<T>>; N],
}

impl<T, const N: usize> Sparse<T, N> {
    const FITS: () = assert!(N <= 128);

    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        Some(self.places.get(place)?.get()?)
    }

    pub(crate) fn get_or_init(&self, place: usize, new: impl FnOnce() -> T) -> &T {
        self.places[place].get_or_init(|| {
            // First, so that nobody uses what a drain would not find.
            self.filled[place / 64].fetch_or(1 << (place % 64), Ordering::Release);
            Box::new(new())
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let filled = [0, 64].into_iter().zip(&self.filled);
        let filled = filled.flat_map(|(first, filled)| {
            ones(filled.load(Ordering::Acquire)).map(move |place| first + place as usize)
        });
        filled.filter_map(|place| Some((place, self.get(place)?)))
    }
}

impl<T, const N: usize> Default for Sparse<T, N> {
    fn default() -> Self {
        const { Self::FITS };
        Self {
            filled: std::array::from_fn(|_| AtomicU64::new(0)),
            places: std::array::from_fn(|_| OnceLock::new()),
        }
    }
}
