//! Random calls, restarts and damage, against the model.

use super::*;
use crate::journal::tests::damage::{flip, truncate};
use crate::journal::tests::model::{Model, Op, perform};
use proptest::prelude::*;
use proptest::sample::Index;

const BOUND: u64 = 6 * BLOCK;

#[derive(Clone, Debug)]
enum Act {
    /// A new record of this length; the disk is full after so many steps, if it is.
    Add(usize, Option<u32>),
    Replace(Index, usize, bool, Option<u32>),
    Mark(Index),
    Unmark(Index),
    Remove(Index),
    /// The process dies, and some files suffer.
    Crash(Vec<(Index, Harm)>),
}

#[derive(Clone, Debug)]
enum Harm {
    CutOff(Index),
    Flip(Index),
    /// A half-written file beside it.
    Leftover(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let harm = prop_oneof![
        any::<Index>().prop_map(Harm::CutOff),
        any::<Index>().prop_map(Harm::Flip),
        (0..100_usize).prop_map(Harm::Leftover),
    ];
    let harms = prop::collection::vec((any::<Index>(), harm), 0..3);
    let len = prop_oneof![0..100_usize, 4_000..4_100_usize, 0..13_000_usize];
    let full = || prop::option::weighted(0.2, 0..9_u32);
    let replace = (any::<Index>(), 0..13_000_usize, any::<bool>(), full());
    prop_oneof![
        2 => replace.prop_map(|(index, len, is_begun, full)| Act::Replace(index, len, is_begun, full)),
        4 => (len, full()).prop_map(|(len, full)| Act::Add(len, full)),
        2 => any::<Index>().prop_map(Act::Mark),
        1 => any::<Index>().prop_map(Act::Unmark),
        2 => any::<Index>().prop_map(Act::Remove),
        1 => harms.prop_map(Act::Crash),
    ]
}

proptest! {
    #[test]
    fn does_as_the_model(acts in prop::collection::vec(act(), 1..40)) {
        let scratch = Scratch::new();
        let disk = TestDisk::default();
        let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
        let mut model = Model::new(BOUND);
        for (turn, act) in acts.iter().enumerate() {
            let any_number = |index: &Index| {
                (!model.records.is_empty()).then(|| index.get(&model.records).0)
            };
            let mut fuse = None;
            let op = match act {
                Act::Add(len, full) => {
                    fuse = *full;
                    Some(Op::Write(model.next(), vec![u8::try_from(turn).unwrap(); *len], false))
                }
                Act::Replace(index, len, is_begun, full) => {
                    fuse = *full;
                    any_number(index).map(|number| Op::Write(number, vec![7; *len], *is_begun))
                }
                Act::Mark(index) => any_number(index).map(Op::Mark),
                Act::Unmark(index) => any_number(index).map(Op::Unmark),
                Act::Remove(index) => any_number(index).map(Op::Remove),
                Act::Crash(harms) => {
                    drop(journal);
                    let (damaged, leftovers) = suffer(&scratch, &mut model, harms);
                    let recovered;
                    (journal, recovered) =
                        Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
                    prop_assert_eq!((recovered.damaged, recovered.damaged_bytes), damaged);
                    prop_assert_eq!(recovered.leftovers, leftovers);
                    let found = recovered.records.iter().map(|one| (one.number, one.is_begun));
                    let expected = model.records.iter().map(|one| (one.0, one.2));
                    prop_assert!(found.eq(expected));
                    prop_assert!(recovered.next >= model.next() || model.records.is_empty());
                    None
                }
            };
            if let Some(op) = op {
                let before = model.records.clone();
                let stages = model.apply(&op);
                if let Some(steps) = fuse {
                    disk.fail_after(steps, Failure::Full);
                }
                let (dropped, result) = perform(&mut journal, &op);
                let went_well = disk.disarm() || fuse.is_none();
                let number = match &op {
                    Op::Write(number, ..) => Some(*number),
                    _ => None,
                };
                if !went_well && let Some(number) = number {
                    // One of the stages, but for a new record: that is there or not.
                    let found = records(&journal);
                    prop_assert!(stages.contains(&found), "{:?}", found);
                    let was_there = before.iter().any(|one| one.0 == number);
                    prop_assert_eq!(journal.has(number), was_there);
                    model.records = found;
                } else {
                    prop_assert!(result.is_ok() || is_too_large(&result));
                    if result.is_err() {
                        model.records.clone_from(&before);
                    }
                }
                let others = before.iter().map(|record| record.0);
                let oldest = others.filter(|one| Some(*one) != number).take(dropped.len());
                prop_assert!(dropped.iter().copied().eq(oldest));
            }
            prop_assert_eq!(records(&journal), &model.records[..]);
            prop_assert_eq!(journal.bytes(), model.bytes());
            prop_assert!(journal.bytes() <= BOUND);
            prop_assert_eq!(scratch.names().len(), model.records.len());
        }
    }
}

fn is_too_large(result: &Result<(), JournalError>) -> bool {
    matches!(result, Err(JournalError::TooLarge { .. }))
}

/// Harms each file once at most. Gives damaged records and bytes, and leftovers.
fn suffer(scratch: &Scratch, model: &mut Model, harms: &[(Index, Harm)]) -> ((u64, u64), u64) {
    let (mut damaged, mut leftovers) = ((0, 0), 0);
    for (index, harm) in harms {
        if let Harm::Leftover(len) = harm {
            let name = format!("{leftovers:016x}.half");
            fs::write(scratch.file(&name), vec![0; *len]).unwrap();
            leftovers += 1;
            continue;
        }
        if model.records.is_empty() {
            continue;
        }
        let (number, payload, is_begun) = model.records.remove(index.index(model.records.len()));
        let state = if is_begun {
            State::Begun
        } else {
            State::Waiting
        };
        let path = scratch.file(&record_file::file_name(number, state));
        let mut len = 24 + payload.len();
        match harm {
            Harm::CutOff(at) => {
                len = at.index(len);
                truncate(&path, len as u64);
            }
            Harm::Flip(bit) => flip(&path, bit.index(len * 8)),
            Harm::Leftover(_) => unreachable!("done above"),
        }
        damaged = (damaged.0 + 1, damaged.1 + len as u64);
    }
    (damaged, leftovers)
}
