//! All series of a kind as drains go through them: in rows of 64, of each of which one number tells who was recorded
//! to.

use crate::aggregate::{Mark, Marks};
use crate::bits::ones;
use crate::sync::Arc;
use std::collections::BTreeSet;

/// Gives each series a place of its own, the lowest that is free.
#[derive(Debug, Default)]
pub(crate) struct Places {
    rows: Vec<Arc<Marks>>,
    /// One more than the highest that is taken.
    end: u32,
    free: BTreeSet<u32>,
}

impl Places {
    pub(crate) fn take(&mut self) -> Mark {
        let place = self.free.pop_first().unwrap_or_else(|| {
            self.end += 1;
            self.end - 1
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
        self.free.insert(place);
        while self.end > 0 && self.free.remove(&(self.end - 1)) {
            self.end -= 1;
        }
        self.rows.truncate(row_of(self.end + Marks::COUNT - 1));
    }
}

/// Everything that has a place.
#[derive(Debug)]
pub(crate) struct Rows<T>(Vec<Row<T>>);

#[derive(Debug)]
struct Row<T> {
    marks: Arc<Marks>,
    /// Places where something is.
    taken: u64,
    /// Of those, what is to be shown without a mark.
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

    /// Puts it where its mark is. It is shown at least once, as a drain that went by before may have taken its mark.
    pub(crate) fn put(&mut self, mark: &Mark, it: T) {
        let (row, place) = (row_of(mark.place), place_in_row(mark.place));
        while self.0.len() <= row {
            self.0.push(Row::new(&mark.marks));
        }
        let row = &mut self.0[row];
        // A row that was empty, and one that others wait for on their way here, has other marks than these.
        debug_assert!(row.taken == 0 || Arc::ptr_eq(&row.marks, &mark.marks));
        row.marks = Arc::clone(&mark.marks);
        if place >= row.places.len() {
            row.places.resize_with(place + 1, || None);
        }
        row.places[place] = Some(it);
        row.taken |= 1 << place;
        row.always |= 1 << place;
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        let row = self.0.get_mut(row_of(place))?;
        row.places.get_mut(place_in_row(place))?.as_mut()
    }

    pub(crate) fn remove(&mut self, place: u32) {
        let (row, place) = (&mut self.0[row_of(place)], place_in_row(place));
        row.places[place] = None;
        row.taken &= !(1 << place);
        row.always &= row.taken;
        if row.taken == 0 {
            row.places = Vec::new();
        }
        while self.0.pop_if(|row| row.taken == 0).is_some() {}
    }

    /// Takes the marks, and tells of what is shown where it is and whether it was recorded to, or may have been. `each`
    /// tells whether it is to be shown next time in any case.
    ///
    /// `fetch` comes before, for a row at a time: it is to read what `each` will. So a processor waits for many places
    /// in memory at once, where the atomics of `each` would have it wait for one after the other.
    pub(crate) fn for_each(
        &mut self,
        show: Show,
        fetch: impl Fn(bool, &T),
        mut each: impl FnMut(u32, bool, &mut T) -> bool,
    ) {
        let rows = self.0.iter_mut().zip((0..).step_by(Marks::COUNT as usize));
        for (row, first) in rows.filter(|(row, _)| row.taken != 0) {
            let due = (row.marks.take() | row.always) & row.taken;
            let shown = match show {
                Show::Touched => due,
                Show::All => row.taken,
            };
            let is_due = |place: u32| due >> place & 1 == 1;
            for place in ones(shown) {
                if let Some(it) = &row.places[place as usize] {
                    fetch(is_due(place), it);
                }
            }
            for place in ones(shown) {
                if let Some(it) = &mut row.places[place as usize] {
                    let again = u64::from(each(first + place, is_due(place), it));
                    row.always = row.always & !(1 << place) | again << place;
                }
            }
        }
    }
}

impl<T> Row<T> {
    fn new(marks: &Arc<Marks>) -> Self {
        Self {
            marks: Arc::clone(marks),
            taken: 0,
            always: 0,
            places: Vec::new(),
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
            |_, _| (),
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
    fn places_that_were_given_back_are_taken_again_the_lowest_first() {
        let (mut places, mut rows) = (Places::default(), Rows::new());
        let marks: Vec<Mark> = (0..200).map(|_| places.take()).collect();
        for mark in &marks {
            rows.put(mark, mark.place);
        }
        shown(&mut rows, Show::Touched, true);
        let mut give_back = |place| {
            rows.remove(place);
            places.give_back(place);
            let rows = shown(&mut rows, Show::All, true).len();
            (rows, places.end, places.rows.len())
        };
        assert_eq!(give_back(66), (199, 200, 4));
        assert_eq!(give_back(3), (198, 200, 4));
        (67..199).for_each(|place| assert_eq!(give_back(place).1, 200));
        assert_eq!(give_back(199), (65, 66, 2));
        assert_eq!(rows.0.len(), 2);
        assert_eq!(rows.get_mut(66), None);
        let again = [places.take(), places.take(), places.take()];
        assert_eq!(again.each_ref().map(|mark| mark.place), [3, 66, 67]);
        for mark in &again {
            rows.put(mark, mark.place + 1_000);
            mark.marks.set(mark.place);
        }
        let due: Vec<_> = shown(&mut rows, Show::Touched, false);
        let due = due.into_iter().filter(|(_, _, it)| *it >= 1_000);
        assert_eq!(due.count(), 3);
    }

    #[test]
    fn rows_that_went_and_came_back_have_other_marks() {
        let (mut places, mut rows) = (Places::default(), Rows::new());
        let first = places.take();
        let (second, old) = ((1..65).map(|_| places.take()).last().unwrap(), 64);
        assert_eq!(second.place, old);
        rows.put(&first, 0);
        rows.put(&second, 1);
        // It is given back before the rows know: as where the map's lock was held.
        places.give_back(old);
        let again = places.take();
        assert!(!Arc::ptr_eq(&second.marks, &again.marks));
        rows.remove(old);
        rows.put(&again, 2);
        shown(&mut rows, Show::Touched, false);
        again.marks.set(again.place);
        assert_eq!(shown(&mut rows, Show::Touched, false), [(64, true, 2)]);
    }
}
