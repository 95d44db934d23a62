//! Groups of series one of which is refused, divided until each is alone: depth first, so that some are accepted soon.

use super::SeriesHash;
use std::collections::{HashSet, VecDeque};

#[derive(Debug, Default)]
pub(super) struct Groups {
    waiting: VecDeque<Group>,
    tested: Option<Group>,
    last_number: u64,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) members: Vec<SeriesHash>,
    /// A request with all of them was refused.
    is_bad: bool,
    number: u64,
    /// One of this or that group is refused: if this one is accepted, it is that one.
    sibling: Option<u64>,
}

impl Groups {
    pub(super) fn has_next(&self) -> bool {
        self.tested.is_none() && !self.waiting.is_empty()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn is_searching(&self) -> bool {
        self.tested.is_some() || !self.waiting.is_empty()
    }

    /// One is refused, if it is not alone.
    pub(super) fn push_bad(&mut self, members: Vec<SeriesHash>) {
        let is_bad = members.len() > 1;
        let group = self.group(members, is_bad);
        self.push_first(group);
    }

    /// Nothing is known of these.
    pub(super) fn push_last(&mut self, members: Vec<SeriesHash>) {
        let group = self.group(members, false);
        self.waiting.extend(group);
    }

    pub(super) fn push_alone(&mut self, hash: SeriesHash) {
        self.push_last(vec![hash]);
    }

    fn group(&mut self, members: Vec<SeriesHash>, is_bad: bool) -> Option<Group> {
        self.last_number += 1;
        let number = self.last_number;
        (!members.is_empty()).then_some(Group {
            members,
            is_bad,
            number,
            sibling: None,
        })
    }

    /// Takes the next group of which there are data, divided if it is known to be refused.
    pub(super) fn begin(
        &mut self,
        mut has_data: impl FnMut(&SeriesHash) -> bool,
    ) -> Option<&Group> {
        while let Some(mut group) = self.waiting.pop_front() {
            group.members.retain(&mut has_data);
            if group.members.is_empty() {
                continue;
            }
            if group.is_bad && group.members.len() > 1 {
                self.divide(group);
            } else {
                return Some(self.tested.insert(group));
            }
        }
        None
    }

    fn push_first(&mut self, group: Option<Group>) {
        if let Some(group) = group {
            self.waiting.push_front(group);
        }
    }

    fn divide(&mut self, mut group: Group) {
        let second = group.members.split_off(group.members.len() / 2);
        let second = self.group(second, false);
        let first = self.group(group.members, false);
        let sibling = second.as_ref().map(|second| second.number);
        self.push_first(second);
        self.push_first(first.map(|first| Group { sibling, ..first }));
    }

    /// The test is over, and comes again.
    pub(super) fn put_off(&mut self, behind: bool) {
        let Some(mut tested) = self.tested.take() else {
            return;
        };
        if behind {
            tested.sibling = None;
            self.waiting.push_back(tested);
        } else {
            self.waiting.push_front(tested);
        }
    }

    /// Of the group under test only these are.
    pub(super) fn narrow(&mut self, hashes: &[SeriesHash]) {
        let hashes: HashSet<&SeriesHash> = hashes.iter().collect();
        self.keep(|hash| hashes.contains(hash));
    }

    /// These are not under test.
    pub(super) fn leave_out(&mut self, hashes: &[SeriesHash]) {
        let hashes: HashSet<&SeriesHash> = hashes.iter().collect();
        self.keep(|hash| !hashes.contains(hash));
    }

    fn keep(&mut self, is_kept: impl Fn(&SeriesHash) -> bool) {
        let Some(mut tested) = self.tested.take() else {
            return;
        };
        let kept: Vec<SeriesHash> = tested
            .members
            .extract_if(.., |hash| is_kept(hash))
            .collect();
        let others = std::mem::replace(&mut tested.members, kept);
        if !others.is_empty() {
            // Nothing follows for another group any more.
            tested.sibling = None;
            let others = self.group(others, false);
            self.push_first(others);
        }
        self.tested = Some(tested);
    }

    /// All of the group under test are all right.
    pub(super) fn accepted(&mut self) {
        let sibling = self.tested.take().and_then(|group| group.sibling);
        if let Some(next) = self.waiting.front_mut()
            && sibling == Some(next.number)
        {
            next.is_bad = true;
        }
    }

    /// One of the group under test is not.
    pub(super) fn refused(&mut self) {
        if let Some(mut group) = self.tested.take() {
            group.is_bad = true;
            self.waiting.push_front(group);
        }
    }

    /// These are left of the group under test; if it `divides`, there are too many that are not all right.
    pub(super) fn named(&mut self, rest: &[SeriesHash], divides: bool) {
        self.narrow(rest);
        if let Some(mut group) = self.tested.take().filter(|group| !group.members.is_empty()) {
            group.is_bad = divides;
            self.waiting.push_front(group);
        }
    }

    /// The test is over. Gives what was tested.
    pub(super) fn end(&mut self) -> Vec<SeriesHash> {
        self.tested
            .take()
            .map_or_else(Vec::new, |group| group.members)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.tested = None;
    }
}
