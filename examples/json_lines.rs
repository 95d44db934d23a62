//! A sink of its own: a line of JSON for each datum, to a file. And that what was recorded is there.

use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Confirms, Datum, Profile, SendError, Sent, Sink, Unit,
};
use std::{collections::BTreeMap, fs::File, io::Write, sync::Mutex, time::UNIX_EPOCH};

struct JsonLines(Mutex<File>);

fn line(batch: &Batch, datum: &Datum) -> String {
    let all = datum.value().statistics();
    let line = serde_json::json!({
        "at": datum.timestamp().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        "metric": format!("{}/{}", batch.namespace(), datum.name()),
        "dimensions": datum.dimensions().collect::<BTreeMap<_, _>>(),
        "unit": datum.unit().map(Unit::as_str),
        "count": all.sample_count, "sum": all.sum, "min": all.minimum, "max": all.maximum,
    });
    format!("{line}\n")
}

impl Sink for JsonLines {
    fn profile(&self) -> Profile {
        // Nobody says what becomes of the file.
        Profile::default().with_confirmation(Confirms::Nothing)
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        line(batch, datum).len()
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        let lines = batch.data().iter().map(|datum| line(batch, datum));
        let lines: String = lines.collect();
        let written = self.0.lock().unwrap().write_all(lines.as_bytes());
        // Some of it may be there.
        written.map_err(|error| SendError::Ambiguous(error.into()))?;
        Ok(Sent::default())
    }
}

fn main() -> anyhow::Result<()> {
    let path = std::env::temp_dir().join(format!("{}.jsonl", std::process::id()));
    let sink = JsonLines(Mutex::new(File::create(&path)?));
    let builder = CloudWatchBuilder::new("Shop").with_sink("json lines", sink);
    let (recorder, exporter) = builder.build()?;
    let cloudwatch = exporter.handle();
    exporter.run_on_thread()?;
    metrics::with_local_recorder(&recorder, || metrics::counter!("orders").increment(3));
    let report = cloudwatch.shutdown().blocking()?;
    let lines = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    print!("{lines}");
    anyhow::ensure!(lines.contains(r#""metric":"Shop/orders""#) && report.handed_over.data == 1);
    Ok(())
}
