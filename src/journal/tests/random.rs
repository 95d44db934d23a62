//! Random calls, restarts and damage, against the model.

use super::*;
use crate::journal::tests::damage::{flip, truncate};
use crate::journal::tests::model::{Model, Op, perform};
use proptest::prelude::*;
use proptest::sample::Index;

const BOUND: u64 = 6 * BLOCK;

#[derive(Clone, Debug)]
enum Step {
    /// Of this length; the disk is full after so many steps, if it is.
    Append(usize, Option<u32>),
    Replace(Index, usize, Option<u32>),
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

fn step() -> impl Strategy<Value = Step> {
    let harm = prop_oneof![
        any::<Index>().prop_map(Harm::CutOff),
        any::<Index>().prop_map(Harm::Flip),
        (0..100_usize).prop_map(Harm::Leftover),
    ];
    let harms = prop::collection::vec((any::<Index>(), harm), 0..3);
    let len = prop_oneof![0..100_usize, 4_000..4_100_usize, 0..13_000_usize];
    let full = || prop::option::weighted(0.2, 0..9_u32);
    let replace = (any::<Index>(), 0..13_000_usize, full());
    prop_oneof![
        2 => replace.prop_map(|(index, len, full)| Step::Replace(index, len, full)),
        4 => (len, full()).prop_map(|(len, full)| Step::Append(len, full)),
        2 => any::<Index>().prop_map(Step::Mark),
        1 => any::<Index>().prop_map(Step::Unmark),
        2 => any::<Index>().prop_map(Step::Remove),
        1 => harms.prop_map(Step::Crash),
    ]
}

proptest! {
    #[test]
    fn does_as_the_model(steps in prop::collection::vec(step(), 1..40)) {
        let scratch = Scratch::new();
        let disk = TestDisk::default();
        let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
        let mut model = Model::new(BOUND);
        for (number, step) in steps.iter().enumerate() {
            let any_id = |index: &Index| {
                (!model.entries.is_empty()).then(|| index.get(&model.entries).0)
            };
            let op = match step {
                Step::Append(len, full) => {
                    if let Some(steps) = full {
                        disk.fail_after(*steps, Failure::Full);
                    }
                    Some(Op::Append(vec![u8::try_from(number).unwrap(); *len]))
                }
                Step::Replace(index, len, full) => {
                    let op = any_id(index).map(|old| Op::Replace(old, vec![7; *len]));
                    if let (Some(_), Some(steps)) = (&op, full) {
                        disk.fail_after(*steps, Failure::Full);
                    }
                    op
                }
                Step::Mark(index) => any_id(index).map(Op::Mark),
                Step::Unmark(index) => any_id(index).map(Op::Unmark),
                Step::Remove(index) => any_id(index).map(Op::Remove),
                Step::Crash(harms) => {
                    drop(spool);
                    let (torn, leftovers) = suffer(&scratch, &mut model, harms);
                    let recovered;
                    (spool, recovered) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
                    prop_assert_eq!((recovered.torn_entries, recovered.torn_bytes), torn);
                    prop_assert_eq!(recovered.leftovers, leftovers);
                    let found = recovered.entries.iter().map(|e| (e.id, e.len, e.is_begun));
                    let expected = model.entries.iter().map(|e| (e.0, e.1.len() as u64, e.2));
                    prop_assert!(found.eq(expected));
                    // A damaged newest entry's id may be given again or not.
                    model.next = spool.next;
                    None
                }
            };
            if let Some(op) = op {
                let before = model.entries.clone();
                let untouched = model.clone();
                model.apply(&op);
                let replaced = match &op {
                    Op::Replace(old, _) => Some(*old),
                    _ => None,
                };
                let performed = perform(&mut spool, &op);
                disk.disarm();
                // Should its deletion have failed, it goes later.
                replaced.map(|old| spool.remove(old)).transpose().unwrap();
                let dropped = match performed {
                    Ok(dropped) => dropped,
                    Err(error) => {
                        model = untouched;
                        model.entries.retain(|entry| Some(entry.0) != replaced);
                        model.entries.drain(..error.dropped.len());
                        error.dropped
                    }
                };
                let others = before.iter().map(|entry| entry.0);
                let oldest = others.filter(|id| Some(*id) != replaced).take(dropped.len());
                prop_assert!(dropped.iter().copied().eq(oldest));
            }
            prop_assert_eq!(entries(&spool), &model.entries[..]);
            prop_assert_eq!((spool.len(), spool.bytes()), (model.entries.len(), model.bytes()));
            prop_assert!(spool.bytes() <= BOUND);
            prop_assert_eq!(scratch.names().len(), model.entries.len());
        }
    }
}

/// Harms each file once at most. Returns torn entries and bytes, and leftovers.
fn suffer(scratch: &Scratch, model: &mut Model, harms: &[(Index, Harm)]) -> ((u64, u64), u64) {
    let (mut torn, mut leftovers) = ((0, 0), 0);
    for (index, harm) in harms {
        if let Harm::Leftover(len) = harm {
            let name = format!("{leftovers:016x}.half");
            fs::write(scratch.file(&name), vec![0; *len]).unwrap();
            leftovers += 1;
            continue;
        }
        if model.entries.is_empty() {
            continue;
        }
        let (id, payload, is_begun) = model.entries.remove(index.index(model.entries.len()));
        let state = if is_begun {
            State::Begun
        } else {
            State::Waiting
        };
        let path = scratch.file(&entry::file_name(id, state));
        let mut len = 32 + payload.len();
        match harm {
            Harm::CutOff(at) => {
                len = at.index(len);
                truncate(&path, len as u64);
            }
            Harm::Flip(bit) => flip(&path, bit.index(len * 8)),
            Harm::Leftover(_) => unreachable!("done above"),
        }
        torn = (torn.0 + 1, torn.1 + len as u64);
    }
    (torn, leftovers)
}
