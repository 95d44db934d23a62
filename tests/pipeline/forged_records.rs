//! Records that are whole, and whose content somebody forged or another version wrote: whatever they say, nothing panics,
//! and the records beside them arrive.

use crate::fixtures::long::short_or_long;
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, local, minute, to};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, ManualClock, Stats};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const HEADER: usize = 24;

/// The records of three windows, by name.
async fn three_records() -> BTreeMap<String, Vec<u8>> {
    let scratch = Scratch::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Scripted::failing());
    let test = Started::new(builder.with_journal(scratch.path(), 1 << 30));
    for window in 1..=3 {
        test.record(|| {
            counter!("count", "window" => window.to_string()).increment(1);
            gauge!("level").set(-0.5);
            for value in [1.0, 2.0, 2.0, 1e9] {
                histogram!("time", "route" => "/").record(value);
            }
        });
        test.advance(MINUTE).await;
        until(|| scratch.records() == window).await;
    }
    let shutdown = test.cloudwatch.shutdown().within(Duration::ZERO);
    let _ = shutdown.await.unwrap();
    until(|| scratch.is_free()).await;
    let files = std::fs::read_dir(scratch.path()).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let records = files.filter(|path| !path.ends_with("lock"));
    let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    records
        .map(|path| (named(&path), std::fs::read(&path).unwrap()))
        .collect()
}

/// Makes the header say what the payload is.
fn seal(record: &mut [u8]) {
    let len = u32::try_from(record.len() - HEADER).unwrap();
    record[16..20].copy_from_slice(&len.to_le_bytes());
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record[..20]);
    hasher.update(&record[HEADER..]);
    let checksum = hasher.finalize();
    record[20..24].copy_from_slice(&checksum.to_le_bytes());
}

#[derive(Clone, Debug)]
enum Forgery {
    Byte(prop::sample::Index, u8),
    /// What a number is in CBOR, at its end or within.
    Number(prop::sample::Index, [u8; 9]),
    Cut(prop::sample::Index),
    /// A part of it once more.
    Twice(prop::sample::Index, prop::sample::Index),
}

fn forgery() -> impl Strategy<Value = Forgery> {
    let numbers = [
        [0x1b, 255, 255, 255, 255, 255, 255, 255, 255],
        [0x1b, 127, 255, 255, 255, 255, 255, 255, 255],
        [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        [0xfb, 0x7f, 0xef, 255, 255, 255, 255, 255, 255],
        [0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
    ];
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Forgery::Byte(at, byte)),
        4 => (index(), prop::sample::select(numbers.to_vec()))
            .prop_map(|(at, number)| Forgery::Number(at, number)),
        1 => index().prop_map(Forgery::Cut),
        1 => (index(), index()).prop_map(|(from, to)| Forgery::Twice(from, to)),
    ]
}

fn forge(record: &mut Vec<u8>, forgery: &Forgery) {
    let payload = &record[HEADER..];
    let len = payload.len();
    let at = |index: &prop::sample::Index| HEADER + index.index(len);
    match forgery {
        Forgery::Byte(index, byte) => record[at(index)] = *byte,
        Forgery::Number(index, number) => {
            let from = at(index);
            let to = record.len().min(from + number.len());
            record[from..to].copy_from_slice(&number[..to - from]);
        }
        Forgery::Cut(index) => record.truncate(at(index).max(HEADER + 1)),
        Forgery::Twice(one, other) => {
            let (from, to) = (at(one).min(at(other)), at(one).max(at(other)));
            let part = record[from..to].to_vec();
            record.splice(to..to, part);
        }
    }
}

fn assert_adds_up(stats: &Stats) {
    let parts = [
        stats.delivered,
        stats.refused,
        stats.ambiguous,
        stats.dropped,
    ];
    let data: u64 = parts.iter().map(|part| part.data).sum();
    assert_eq!(
        (stats.entered.data, stats.pending.data),
        (data, 0),
        "{stats:?}"
    );
}

async fn restored(records: &BTreeMap<String, Vec<u8>>) {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path()).unwrap();
    for (name, bytes) in records {
        std::fs::write(scratch.path().join(name), bytes).unwrap();
    }
    let clock = ManualClock::new(minute() + 4 * MINUTE);
    let local = local(&clock).await;
    let builder = to(&local).with_journal(scratch.path(), 1 << 30);
    let test = Started::by_clock(builder, clock);
    until(|| scratch.records() == 0).await;
    let report = test.cloudwatch.shutdown().await.unwrap();
    assert!(report.entered.is_zero());
    assert_adds_up(&test.cloudwatch.stats());
    let received = local.received();
    for window in ["1", "3"] {
        let is_there = received.iter().any(|datum| {
            datum.metric_name == "count" && datum.dimensions.iter().any(|one| one.1 == window)
        });
        assert!(is_there, "window {window} is lost: {received:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: short_or_long(12, 300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_a_record_says_its_neighbours_arrive(
        forgeries in prop::collection::vec(prop::collection::vec(forgery(), 1..4), 16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let records = three_records().await;
            for forgeries in &forgeries {
                let mut records = records.clone();
                let forged = records.values_mut().nth(1).unwrap();
                for forgery in forgeries {
                    forge(forged, forgery);
                }
                seal(forged);
                restored(&records).await;
            }
        });
    }
}
