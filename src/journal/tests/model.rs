//! What a journal should have in it, in memory.

use super::*;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write(u64, Vec<u8>, bool),
    Mark(u64),
    Unmark(u64),
    Remove(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) records: Vec<Found>,
    pub(crate) max_bytes: u64,
}

impl Model {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            records: Vec::new(),
            max_bytes,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let lens = self.records.iter().map(|(_, payload, _)| payload.len());
        lens.map(|len| (24 + len as u64).div_ceil(BLOCK) * BLOCK)
            .sum()
    }

    pub(crate) fn set_begun(&mut self, number: u64, is_begun: bool) {
        let record = self.records.iter_mut().find(|record| record.0 == number);
        record.unwrap().2 = is_begun;
    }

    /// A number that no record has had.
    pub(crate) fn next(&self) -> u64 {
        self.records.last().map_or(1, |last| last.0 + 1)
    }

    /// What it does, and all that may be found if the process is killed while it does it.
    pub(crate) fn apply(&mut self, op: &Op) -> Vec<Vec<Found>> {
        let mut stages = vec![self.records.clone()];
        match op {
            Op::Write(number, payload, is_begun) => {
                let place = self.records.partition_point(|record| record.0 < *number);
                let is_there = self.records.get(place).is_some_and(|it| it.0 == *number);
                if is_there {
                    // In its very place, with the old mark at first.
                    self.records[place].1.clone_from(payload);
                } else {
                    let record = (*number, payload.clone(), *is_begun);
                    self.records.insert(place, record);
                }
                while self.bytes() > self.max_bytes {
                    let oldest = self.records.iter().find(|one| one.0 != *number);
                    let oldest = oldest.unwrap().0;
                    self.records.retain(|record| record.0 != oldest);
                    let mut before = stages.last().unwrap().clone();
                    before.retain(|record| record.0 != oldest);
                    stages.push(before);
                }
                stages.push(self.records.clone());
                self.set_begun(*number, *is_begun);
            }
            &Op::Mark(number) => self.set_begun(number, true),
            &Op::Unmark(number) => self.set_begun(number, false),
            &Op::Remove(number) => self.records.retain(|record| record.0 != number),
        }
        stages.push(self.records.clone());
        stages
    }
}

/// Does it to a journal; gives what was dropped, and whether it went well.
pub(crate) fn perform(journal: &mut Journal, op: &Op) -> (Vec<u64>, Result<(), JournalError>) {
    let done = match op {
        Op::Write(number, payload, is_begun) => {
            let written = journal.write(*number, payload, *is_begun);
            assert_eq!(written.is_there, journal.has(*number));
            return (numbers(&written), written.error.map_or(Ok(()), Err));
        }
        &Op::Mark(number) => journal.mark(number),
        &Op::Unmark(number) => journal.unmark(number),
        &Op::Remove(number) => journal.remove(number),
    };
    (Vec::new(), done)
}
