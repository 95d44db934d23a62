//! A process that writes, marks and removes until it is killed: `kill -9`, again and again.

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
    let (mut journal, recovered) = Journal::open(dir, BOUND).unwrap();
    let mut next = recovered.next.max(1);
    let mut random = fastrand::Rng::new();
    // When the parent is gone this fails, and so it ends.
    let say = |line: String| writeln!(io::stdout(), "{line}").unwrap();
    loop {
        let numbers: Vec<u64> = journal.records.keys().copied().collect();
        let number = numbers.get(random.usize(..numbers.len().max(1))).copied();
        match (random.u8(..9), number) {
            (8, Some(number)) => {
                let (seed, is_begun) = (random.u64(..), random.bool());
                say(format!("> write {number} {seed} {}", u8::from(is_begun)));
                let written = journal.write(number, &payload(seed), is_begun);
                assert!(written.error.is_none());
            }
            (0..4, _) | (_, None) => {
                let seed = random.u64(..);
                say(format!("> write {next} {seed} 0"));
                write(&mut journal, next, &payload(seed));
                next += 1;
            }
            (4..6, Some(number)) => {
                say(format!("> mark {number}"));
                journal.mark(number).unwrap();
            }
            (6, Some(number)) => {
                say(format!("> unmark {number}"));
                journal.unmark(number).unwrap();
            }
            (_, Some(number)) => {
                say(format!("> remove {number}"));
                journal.remove(number).unwrap();
            }
        }
        say("< done".into());
    }
}

fn parse(line: &str) -> Op {
    let (verb, rest) = line.split_once(' ').unwrap();
    let numbers: Vec<u64> = rest.split(' ').map(|one| one.parse().unwrap()).collect();
    let number = numbers[0];
    match verb {
        "write" => Op::Write(number, payload(numbers[1]), numbers[2] == 1),
        "mark" => Op::Mark(number),
        "unmark" => Op::Unmark(number),
        "remove" => Op::Remove(number),
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
        let mut possible = vec![model.records.clone()];
        for line in lines {
            let line = line.unwrap();
            // The test harness talks as well, and does not end its line.
            if let Some((_, op)) = line.split_once("> ") {
                possible = model.apply(&parse(op));
            } else if line == "< done" {
                possible = vec![model.records.clone()];
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

        let (journal, recovered) = Journal::open(&scratch.dir(), BOUND).unwrap();
        let found = records(&journal);
        assert!(possible.contains(&found), "round {round}");
        assert_eq!(recovered.damaged, 0);
        assert!(journal.bytes() <= BOUND);
        model.records = found;
    }
    assert!(operations > 100, "{operations}");
}
