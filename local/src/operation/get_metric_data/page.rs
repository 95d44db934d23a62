//! A page that goes through the datapoints of one query after the other.

/// A page of the datapoints of all queries, one after the other.
pub(super) struct Page {
    /// How many datapoints were on earlier pages.
    pub(super) skip: usize,
    /// How many more this page may have.
    pub(super) room: usize,
    /// How many there are up to the end of this page.
    pub(super) end: usize,
    /// Whether there are more after it.
    pub(super) more: bool,
}

impl Page {
    /// What of a query's datapoints is on this page, and whether that is the end of them.
    pub(super) fn take<T>(&mut self, mut points: Vec<T>) -> (Vec<T>, bool) {
        let skipped = self.skip.min(points.len());
        self.skip -= skipped;
        points.drain(..skipped);
        let complete = points.len() <= self.room;
        points.truncate(self.room);
        self.room -= points.len();
        self.end += points.len();
        self.more |= !complete;
        (points, complete)
    }
}
