//! Which series are tested next, and by a datum of which batch.

use super::{Condemned, Doubts, SeriesHash, State};
use tokio::time::Instant;

impl Doubts {
    pub(crate) fn has_test(&self) -> bool {
        self.groups.has_next()
    }

    /// Whether there is something to test, or under test.
    pub(crate) fn is_searching(&self) -> bool {
        self.groups.is_searching() || !self.condemned.is_empty()
    }

    /// The series that are to be tested next, and the batch that the datum of each is in. They are tested until an answer
    /// [is told](Self::accepted), or the test is [put off](Self::put_off).
    pub(crate) fn next_test(&mut self) -> Vec<(SeriesHash, u64)> {
        let series = &mut self.series;
        let mut place = |hash: &SeriesHash| {
            let doubt = series.get_mut(hash)?;
            let first = doubt.held.first().copied();
            match &mut doubt.state {
                State::Remembered(memory) => memory.probe_among(&doubt.held),
                State::Suspected { is_grouped, .. } => {
                    *is_grouped = first.is_some();
                    first
                }
            }
        };
        let group = self.groups.begin(|hash| place(hash).is_some());
        let members = group.map_or(&[][..], |group| &group.members);
        let mut found = Vec::with_capacity(members.len());
        for hash in members {
            found.extend(place(hash).map(|number| (*hash, number)));
        }
        found
    }

    /// The test is over without an answer, and comes again: as the next one, or `behind` all others.
    pub(crate) fn put_off(&mut self, behind: bool) {
        self.groups.put_off(behind);
    }

    /// None of those under test can be sent now. Those that wait elsewhere make a group again when they are back.
    pub(crate) fn give_test_up(&mut self) {
        let mut together = Vec::new();
        for hash in self.groups.end() {
            let Some(doubt) = self.series.get_mut(&hash) else {
                continue;
            };
            let is_held = !doubt.held.is_empty();
            match &mut doubt.state {
                State::Suspected { is_grouped, .. } => *is_grouped = is_held,
                State::Remembered(memory) if !is_held => memory.lose_probe(),
                State::Remembered(_) => {}
            }
            together.extend(is_held.then_some(hash));
        }
        self.groups.push_last(together);
    }

    /// These are not under test.
    pub(crate) fn leave_out_of_test(&mut self, hashes: &[SeriesHash]) {
        self.groups.leave_out(hashes);
    }

    /// Only these are under test, in one group with others that they do not fit with.
    pub(crate) fn narrow_test(&mut self, tested: &[SeriesHash]) {
        self.groups.narrow(tested);
    }

    /// What all refusals said is void: the search begins anew, with as large groups as there can be.
    pub(crate) fn begin_anew(&mut self, group_len: usize) {
        self.groups.clear();
        self.condemned.clear();
        let mut in_order: Vec<(u64, SeriesHash)> = Vec::new();
        in_order.extend(
            self.series
                .iter()
                .map(|(hash, doubt)| (doubt.number, *hash)),
        );
        in_order.sort_unstable();
        let mut together: Vec<(u64, SeriesHash)> = Vec::new();
        for (_, hash) in in_order {
            let Some(doubt) = self.series.get_mut(&hash) else {
                continue;
            };
            let first = doubt.held.first().copied();
            match &mut doubt.state {
                State::Suspected {
                    was_alone,
                    is_grouped,
                } => {
                    *is_grouped = first.is_some();
                    match first {
                        Some(_) if *was_alone => self.groups.push_alone(hash),
                        Some(number) => together.push((number, hash)),
                        None => {}
                    }
                }
                State::Remembered(memory) => {
                    if memory.probe_among(&doubt.held).is_some() {
                        self.groups.push_alone(hash);
                    }
                }
            }
        }
        // Those of one batch fit into one request.
        together.sort_by_key(|(number, _)| *number);
        for group in together.chunks(group_len.max(1)) {
            let members = group.iter().map(|(_, hash)| *hash).collect();
            self.groups.push_last(members);
        }
    }

    /// Whether there are groups beside the one under test.
    pub(crate) fn has_waiting(&self) -> bool {
        self.groups.has_waiting()
    }

    /// What was refused alone waits for what comes next.
    pub(crate) fn condemn(&mut self, condemned: Condemned, is_test: bool, now: Instant) {
        if is_test {
            self.groups.end();
        }
        self.last_reason = Some(condemned.reason.clone());
        self.suspect(condemned.hash, now);
        self.condemned.push(condemned);
    }

    pub(crate) fn take_condemned(&mut self) -> Vec<Condemned> {
        std::mem::take(&mut self.condemned)
    }

    /// Nothing was proved: what was refused alone is tested again.
    pub(crate) fn pardon(&mut self) {
        for condemned in self.take_condemned() {
            self.test_again(condemned.hash);
        }
    }

    /// A series that is in no group is tested again, if there are data of it.
    pub(crate) fn test_again(&mut self, hash: SeriesHash) {
        if let Some(doubt) = self.series.get_mut(&hash)
            && let State::Suspected { is_grouped, .. } = &mut doubt.state
        {
            *is_grouped = !doubt.held.is_empty();
            if *is_grouped {
                self.groups.push_alone(hash);
            }
        }
    }
}
