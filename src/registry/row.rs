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
        let marks = Arc::clone(&self.rows[row]);
        Mark { marks, place }
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
        let (row, place) = (row_of(mark.place), place_in_row(mark.place));
        if row == self.0.len() {
            self.0.push(Row {
                marks: Arc::clone(&mark.marks),
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
        self.0[row_of(place)].places[place_in_row(place)] = None;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &mut Rows<u32>, show: Show, keep: bool) -> Vec<(u32, bool, u32)> {
        let mut shown = Vec::new();
        rows.for_each(
            show,
            |_| (),
            |place, is_due, it| {
                shown.push((place, is_due, *it));
                keep
            },
        );
        shown
    }

    #[test]
    fn what_is_marked_is_shown_once_and_what_is_kept_always() {
        let (mut places, mut rows) = (Places::default(), Rows::new());
        let marks: Vec<Mark> = (0..130).map(|_| places.take()).collect();
        for (mark, number) in marks.iter().zip(1_000..) {
            rows.put(mark, number);
        }
        assert_eq!(
            shown(&mut rows, Show::Touched, false).len(),
            130,
            "new ones"
        );
        for place in [129, 3, 64] {
            marks[place].marks.set(marks[place].place);
        }
        let touched = [(3, true, 1_003), (64, true, 1_064), (129, true, 1_129)];
        assert_eq!(shown(&mut rows, Show::Touched, true), touched);
        assert_eq!(shown(&mut rows, Show::Touched, false), touched);
        assert_eq!(shown(&mut rows, Show::Touched, false), []);
        let all = shown(&mut rows, Show::All, false);
        assert!(all.iter().all(|(_, is_due, _)| !is_due) && all.len() == 130);
    }

    #[test]
    fn a_mark_that_was_taken_before_its_series_came_is_not_lost() {
        let (mut places, mut rows) = (Places::default(), Rows::new());
        let [first, second] = [places.take(), places.take()];
        rows.put(&first, 1);
        second.marks.set(second.place);
        assert_eq!(shown(&mut rows, Show::Touched, false), [(0, true, 1)]);
        rows.put(&second, 2);
        assert_eq!(shown(&mut rows, Show::Touched, false), [(1, true, 2)]);
    }

    #[test]
    fn a_place_that_was_given_back_is_taken_again() {
        let (mut places, mut rows) = (Places::default(), Rows::new());
        let marks: Vec<Mark> = (0..70).map(|_| places.take()).collect();
        for mark in &marks {
            rows.put(mark, mark.place);
        }
        shown(&mut rows, Show::Touched, true);
        rows.remove(66);
        assert_eq!(rows.get_mut(66), None);
        places.give_back(66);
        assert_eq!(shown(&mut rows, Show::All, false).len(), 69);
        let again = places.take();
        assert_eq!((again.place, places.take().place), (66, 70));
        rows.put(&again, 1_066);
        assert_eq!(shown(&mut rows, Show::Touched, false), [(66, true, 1_066)]);
    }
}
