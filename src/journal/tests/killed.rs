//! A process that appends, marks and removes until it is killed: `kill -9`, again and again.

use super::*;
use crate::journal::tests::model::{Model, Op};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const BOUND: u64 = 12 * BLOCK;
const ROUNDS: u64 = 20;

/// Each seed has a payload of its own.
fn payload(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let len = random.usize(0..20_000);
    let bytes = std::iter::repeat_with(|| random.u8(..)).take(len);
    seed.to_le_bytes().into_iter().chain(bytes).collect()
}

/// Says what it will do, does it, and says that it is done.
fn work(dir: &Path) -> ! {
    let (mut spool, _) = Spool::open(dir, BOUND).unwrap();
    let mut random = fastrand::Rng::new();
    // When the parent is gone this fails, and so it ends.
    let say = |line: String| writeln!(io::stdout(), "{line}").unwrap();
    loop {
        let ids: Vec<EntryId> = spool.entries.keys().copied().collect();
        let id = ids.get(random.usize(..ids.len().max(1))).copied();
        match (random.u8(..9), id) {
            (8, Some(id)) => {
                let seed = random.u64(..);
                say(format!("> replace {id} {seed}"));
                spool.replace(id, &payload(seed)).unwrap();
            }
            (0..4, _) | (_, None) => {
                let seed = random.u64(..);
                say(format!("> append {seed}"));
                spool.append(&payload(seed)).unwrap();
            }
            (4..6, Some(id)) => {
                say(format!("> mark {id}"));
                spool.mark(id).unwrap();
            }
            (6, Some(id)) => {
                say(format!("> unmark {id}"));
                spool.unmark(id).unwrap();
            }
            (_, Some(id)) => {
                say(format!("> remove {id}"));
                spool.remove(id).unwrap();
            }
        }
        say("< done".into());
    }
}

fn parse(line: &str) -> Op {
    let (verb, rest) = line.split_once(' ').unwrap();
    let mut numbers = rest.split(' ').map(|number| number.parse().unwrap());
    let number: u64 = numbers.next().unwrap();
    match verb {
        "replace" => Op::Replace(id(number), payload(numbers.next().unwrap())),
        "append" => Op::Append(payload(number)),
        "mark" => Op::Mark(id(number)),
        "unmark" => Op::Unmark(id(number)),
        "remove" => Op::Remove(id(number)),
        verb => panic!("{verb}"),
    }
}

#[test]
fn what_was_acknowledged_is_there_and_nothing_else() {
    if let Some(dir) = child_dir() {
        work(&dir);
    }
    let scratch = Scratch::new();
    let mut model = Model::new(BOUND);
    let mut operations = 0;
    for round in 0..ROUNDS {
        let test = "killed::what_was_acknowledged_is_there_and_nothing_else";
        let mut command = child(test, &scratch.dir());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // Killed when so many lines were read, wherever it has got to by then.
        let limit = fastrand::Rng::with_seed(round).usize(1..150);
        let mut read = 0;
        let mut possible = vec![model.entries.clone()];
        for line in lines {
            let line = line.unwrap();
            // The test harness talks as well, and does not end its line.
            if let Some((_, op)) = line.split_once("> ") {
                possible = model.apply(&parse(op));
            } else if line == "< done" {
                possible = vec![model.entries.clone()];
                operations += 1;
            } else {
                continue;
            }
            read += 1;
            if read == limit {
                process.kill().unwrap();
            }
        }
        assert!(read >= limit, "the child ended by itself");
        process.wait().unwrap();

        let (spool, recovered) = Spool::open(&scratch.dir(), BOUND).unwrap();
        let found = entries(&spool);
        assert!(possible.contains(&found), "round {round}");
        assert_eq!(recovered.torn_entries, 0);
        assert!(spool.bytes() <= BOUND);
        model.found(found);
    }
    assert!(operations > 100, "{operations}");
}
