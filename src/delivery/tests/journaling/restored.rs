//! Records that an earlier process wrote for other limits, or somebody forged: what breaks a limit of today is refused by
//! name, and its neighbours are sent.

use super::*;
use crate::journal::record_format;
use crate::model::batch::BatchKey;
use crate::model::datum::{DatumValue, StatisticSet, Values};
use crate::model::profile::Profile;
use crate::model::refusal::Refusal;
use metrics::Label;

/// Takes 400 data and 50,000 bytes, of 200 for a datum, and no datum of the name `unwanted`.
#[derive(Clone, Default)]
struct Small(Arc<Mutex<Vec<Vec<String>>>>);

impl Sink for Small {
    fn profile(&self) -> Profile {
        Profile::default().with_max_data(400).with_max_bytes(50_000)
    }

    fn check(&self, datum: &Datum) -> Result<(), Refusal> {
        if datum.name() == "unwanted" {
            return Err(Refusal::NoGaugeRule);
        }
        Ok(())
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        200
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let names = batch.data().iter().map(|datum| datum.name().to_owned());
        self.0.lock().push(names.collect());
        Ok(Sent::default())
    }
}

impl Small {
    fn taken(&self) -> Vec<String> {
        let mut all = self.0.lock().concat();
        all.sort_unstable();
        all
    }
}

fn datum(name: impl Into<String>, labels: Vec<Label>, value: DatumValue) -> Datum {
    let name: String = name.into();
    Datum::new(name, labels, SystemTime::now(), value, None)
}

fn one(name: &str) -> Datum {
    datum(name, Vec::new(), DatumValue::Number(1.0))
}

/// A record for each of these, as an earlier process leaves them.
fn left(scratch: &Scratch, batches: &[(&str, Vec<Datum>)]) {
    let (mut journal, _) = Journal::open(&scratch.dir(), 1 << 30).unwrap();
    for ((namespace, data), number) in batches.iter().zip(1..) {
        let key = BatchKey::new((*namespace).into(), Guarantee::AtLeastOnce);
        let batch = Batch::of(key, data.iter().cloned());
        let payload = record_format::write(&batch, data.iter());
        assert!(journal.write(number, &payload, false).error.is_none());
    }
}

/// What became of them.
async fn restored(scratch: &Scratch, sink: &Small) -> Stats {
    let disk = TestDisk::default();
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    as_time_goes_by(|| scratch.names().is_empty()).await;
    let stats = rig.stats();
    assert!(stats.pending.is_zero());
    let settled = stats.delivered.data + stats.refused.data;
    assert_eq!(
        (settled, stats.entered.data),
        (stats.restored.data, settled)
    );
    stats
}

fn values(pairs: Vec<(f64, f64)>) -> DatumValue {
    let sum = pairs.iter().map(|(value, count)| value * count).sum();
    DatumValue::Values(Values::of_sorted(pairs, sum))
}

fn broken() -> Vec<Datum> {
    let label = |name: String, value: &str| Label::new(name, value.to_owned());
    let many = (0..31).map(|number| label(format!("l{number}"), "v"));
    let numbers = [f64::NAN, f64::INFINITY, 2f64.powi(361), -2f64.powi(361)];
    let set = |sample_count, sum, minimum, maximum| {
        let set = StatisticSet {
            sample_count,
            sum,
            minimum,
            maximum,
        };
        datum("n", Vec::new(), DatumValue::StatisticSet(set))
    };
    let mut all = vec![
        one("unwanted"),
        one(""),
        one(&"n".repeat(256)),
        datum("n", many.collect(), DatumValue::Number(1.0)),
        datum(
            "n",
            vec![label("a".into(), &"v".repeat(1_025))],
            DatumValue::Number(1.0),
        ),
        datum(
            "n",
            vec![label("a".repeat(256), "v")],
            DatumValue::Number(1.0),
        ),
        datum("n", vec![label("a".into(), "é")], DatumValue::Number(1.0)),
        datum("n", vec![label(":a".into(), "v")], DatumValue::Number(1.0)),
        set(0.0, 0.0, 0.0, 0.0),
        set(f64::NAN, 1.0, 1.0, 1.0),
        set(2.0, 3.0, 2.0, 1.0),
        set(2.0, f64::INFINITY, 1.0, 2.0),
        datum(
            "n",
            Vec::new(),
            values((0..151_u32).map(|n| (f64::from(n), 1.0)).collect()),
        ),
        datum("n", Vec::new(), values(vec![(1.0, 0.0)])),
        datum("n", Vec::new(), values(vec![(1.0, -1.0)])),
        datum("n", Vec::new(), values(vec![(2.0, 1.0), (1.0, 1.0)])),
        datum("n", Vec::new(), values(vec![(f64::NAN, 1.0)])),
    ];
    let numbers = numbers.map(|number| datum("n", Vec::new(), DatumValue::Number(number)));
    all.extend(numbers);
    all
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_limit_is_refused_by_name_and_its_neighbours_are_sent() {
    let scratch = Scratch::new();
    let broken = broken();
    let count = broken.len() as u64;
    let mut data = vec![one("first")];
    data.extend(broken);
    data.push(one("last"));
    // Alone in its record, too.
    let batches = [
        ("Test", data),
        ("Test", vec![one("unwanted")]),
        ("AWS/Test", vec![one("n")]),
    ];
    left(&scratch, &batches);
    let sink = Small::default();
    let stats = restored(&scratch, &sink).await;
    assert_eq!(sink.taken(), ["first", "last"]);
    assert_eq!(stats.refused.data, count + 2);
    assert_eq!(stats.lost_records, 0);
}

/// It is forged: nobody writes a time stamp like that.
#[tokio::test(start_paused = true)]
async fn a_time_stamp_out_of_range_is_refused_as_ever() {
    let scratch = Scratch::new();
    let at = |seconds| {
        let mut one = one("n");
        one.timestamp = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        one.is_by_clock = false;
        one
    };
    left(&scratch, &[("Test", vec![at(0), one("good"), at(1 << 40)])]);
    let sink = Small::default();
    let stats = restored(&scratch, &sink).await;
    assert_eq!((sink.taken().len(), stats.refused.data), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_record_of_more_than_a_request_takes_is_sent_in_several() {
    // By number and by bytes: 250 data have 50,000.
    let scratch = Scratch::new();
    let data = |from: usize| (from..from + 1_000).map(|number| one(&format!("n{number}")));
    left(
        &scratch,
        &[("Test", data(0).collect()), ("Test", data(1_000).collect())],
    );
    let sink = Small::default();
    let stats = restored(&scratch, &sink).await;
    assert_eq!((stats.delivered.data, stats.refused.data), (2_000, 0));
    let requests = sink.0.lock();
    let lens: Vec<usize> = requests.iter().map(Vec::len).collect();
    assert!(
        lens.iter().all(|len| *len <= 250) && lens.len() <= 10,
        "{lens:?}"
    );
}
