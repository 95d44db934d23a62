//! All series of a kind as drains go through them: in rows of 64, of each of which one number tells who was recorded to.

use crate::aggregate::{Mark, Marks};
use crate::bits::ones;
use crate::sync::Arc;

/// Gives each series a place of its own.
#[derive(Debug, Default)]
pub(crate) struct Places {
    rows: Vec<Arc<Marks>>,
    /// How many were ever taken.
    taken: u32,
    free: Vec<u32>,
}

impl Places {
    pub(crate) fn take(&mut self) -> Mark {
        let place = self.free.pop().unwrap_or_else(|| {
            self.taken += 1;
            self.taken - 1
        });
        let row = row_of(place);
        if row == self.rows.len() {
            self.rows.push(Arc::new(Marks::new()));
        }
        Mark::new(&self.rows[row], place)
    }

    /// Once nobody can set the mark any more.
    pub(crate) fn give_back(&mut self, place: u32) {
        self.free.push(place);
    }
}

/// Everything that has a place.
#[derive(Debug)]
pub(crate) struct Rows<T>(Vec<Row<T>>);

#[derive(Debug)]
struct Row<T> {
    marks: Arc<Marks>,
    /// Those to be looked at without a mark.
    always: u64,
    places: Vec<Option<T>>,
}

/// What [`Rows::for_each`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// What was recorded to.
    Touched,
    All,
}

impl<T> Rows<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts it where its mark is; what came to its place first comes here first. It is shown at least once, as a drain
    /// that went by before may have taken its mark.
    pub(crate) fn put(&mut self, mark: &Mark, it: T) {
        let (row, place) = (row_of(mark.place()), place_in_row(mark.place()));
        if row == self.0.len() {
            self.0.push(Row {
                marks: Arc::clone(mark.marks()),
                always: 0,
                places: Vec::new(),
            });
        }
        let row = &mut self.0[row];
        if place >= row.places.len() {
            row.places.resize_with(place + 1, || None);
        }
        row.places[place] = Some(it);
        row.always |= 1 << place;
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        let row = self.0.get_mut(row_of(place))?;
        row.places.get_mut(place_in_row(place))?.as_mut()
    }

    pub(crate) fn remove(&mut self, place: u32) {
        let row = &mut self.0[row_of(place)];
        row.places[place_in_row(place)] = None;
        row.always &= !(1 << place_in_row(place));
    }

    /// Takes the marks, and tells of what is shown where it is and whether it was recorded to, or may have been. `each`
    /// tells whether it is to be shown next time in any case.
    ///
    /// What is due is given to `fetch` first, a row at a time: it is to read what `each` will. So a processor waits
    /// for many places in memory at once, where the atomics of `each` would have it wait for one after the other.
    pub(crate) fn for_each(
        &mut self,
        show: Show,
        fetch: impl Fn(&T),
        mut each: impl FnMut(u32, bool, &mut T) -> bool,
    ) {
        for (row, first) in self.0.iter_mut().zip((0..).step_by(Marks::COUNT as usize)) {
            let due = row.marks.take() | row.always;
            let shown = match show {
                Show::Touched => due,
                Show::All => u64::MAX >> (Marks::COUNT as usize - row.places.len()),
            };
            for place in ones(due) {
                if let Some(Some(it)) = row.places.get(place as usize) {
                    fetch(it);
                }
            }
            for place in ones(shown) {
                // One that is not here yet will be shown when it is.
                let Some(Some(it)) = row.places.get_mut(place as usize) else {
                    continue;
                };
                let bit = 1 << place;
                if each(first + place, due & bit != 0, it) {
                    row.always |= bit;
                } else {
                    row.always &= !bit;
                }
            }
        }
    }
}

fn row_of(place: u32) -> usize {
    (place / Marks::COUNT) as usize
}

fn place_in_row(place: u32) -> usize {
    (place % Marks::COUNT) as usize
}
