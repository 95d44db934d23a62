//! What a spool should have in it, in memory.

use super::*;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Append(Vec<u8>),
    Replace(EntryId, Vec<u8>),
    Mark(EntryId),
    Unmark(EntryId),
    Remove(EntryId),
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: EntryId,
    pub(crate) max_bytes: u64,
}

impl Model {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            entries: Vec::new(),
            next: EntryId::FIRST,
            max_bytes,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let lens = self.entries.iter().map(|(_, payload, _)| payload.len());
        lens.map(|len| (32 + len as u64).div_ceil(BLOCK) * BLOCK)
            .sum()
    }

    pub(crate) fn set_begun(&mut self, id: EntryId, is_begun: bool) {
        let entry = self.entries.iter_mut().find(|entry| entry.0 == id);
        entry.unwrap().2 = is_begun;
    }

    /// What it does, and all that may be found if the process is killed while it does it.
    pub(crate) fn apply(&mut self, op: &Op) -> Vec<Vec<Entry>> {
        let mut stages = vec![self.entries.clone()];
        match op {
            Op::Append(payload) => {
                self.entries.push((self.next, payload.clone(), false));
                self.next = self.next.next();
                while self.bytes() > self.max_bytes {
                    self.entries.remove(0);
                    let before = stages.last().unwrap()[1..].to_vec();
                    stages.push(before);
                }
            }
            Op::Replace(old, payload) => {
                // Where it was, or is; nothing else goes that need not.
                let place = self.entries.iter().position(|entry| entry.0 == *old);
                let replaced = place.map(|place| self.entries.remove(place));
                self.entries.push((self.next, payload.clone(), false));
                self.next = self.next.next();
                while self.bytes() > self.max_bytes {
                    self.entries.remove(0);
                    let mut before = stages.last().unwrap().clone();
                    let is_old =
                        |entry: &Entry| Some(entry.0) == replaced.as_ref().map(|old| old.0);
                    let oldest = before.iter().position(|entry| !is_old(entry)).unwrap();
                    before.remove(oldest);
                    stages.push(before);
                }
            }
            &Op::Mark(id) => self.set_begun(id, true),
            &Op::Unmark(id) => self.set_begun(id, false),
            &Op::Remove(id) => self.entries.retain(|entry| entry.0 != id),
        }
        stages.push(self.entries.clone());
        stages
    }

    /// After a restart: what was found, and ids go on from there.
    pub(crate) fn found(&mut self, entries: Vec<Entry>) {
        self.next = entries.last().map_or(EntryId::FIRST, |last| last.0.next());
        self.entries = entries;
    }
}

/// Does it to a spool; the ids are those that were dropped.
pub(crate) fn perform(spool: &mut Spool, op: &Op) -> Result<Vec<EntryId>, AppendError> {
    let done = match op {
        Op::Append(payload) => return Ok(spool.append(payload)?.dropped),
        Op::Replace(old, payload) => return Ok(spool.replace(*old, payload)?.dropped),
        &Op::Mark(id) => spool.mark(id),
        &Op::Unmark(id) => spool.unmark(id),
        &Op::Remove(id) => spool.remove(id),
    };
    let nothing_dropped = |reason| AppendError {
        dropped: Vec::new(),
        reason,
    };
    done.map(|()| Vec::new()).map_err(nothing_dropped)
}
