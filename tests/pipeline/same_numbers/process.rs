//! One process of several on the same folders.

use super::world::World;
use super::{HANGS, NAMES};
use crate::fixtures::adding_up::{Check, equal};
use crate::fixtures::keeping::named;
use crate::fixtures::polls::Polls;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchHandle, CloudWatchRecorder, MemorySink, Stats};
use std::collections::BTreeMap;
use std::time::Instant;
use tokio::task::{JoinHandle, yield_now};

/// One process.
pub(super) struct Life {
    pub(super) recorder: CloudWatchRecorder,
    pub(super) cloudwatch: CloudWatchHandle,
    pub(super) task: JoinHandle<()>,
    pub(super) polls: Polls,
    pub(super) watcher: MemorySink,
    /// What it recorded.
    pub(super) recorded: u64,
    /// What the watcher was told, by name and destination.
    pub(super) told: BTreeMap<String, f64>,
    /// Which of the first two get at once what there is: they are well, and nothing pauses.
    pub(super) flows: [bool; 2],
}

impl Life {
    pub(super) fn record(&mut self, series: usize) {
        metrics::with_local_recorder(&self.recorder, || {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        });
        self.recorded += series as u64;
    }

    /// Whether all is sent, of earlier processes as well.
    pub(super) fn is_sent(&self, number: usize, world: &World) -> bool {
        let part = &self.cloudwatch.stats().destinations[NAMES[number]];
        // What it says about itself is in no amount.
        let is_empty = part.queue_bytes == 0 && part.journal_bytes == 0;
        is_empty && part.restored.samples == world.left[number]
    }

    pub(super) async fn over(&self) {
        let start = Instant::now();
        while !self.task.is_finished() {
            assert!(start.elapsed() < HANGS, "it does not end");
            yield_now().await;
        }
    }

    pub(super) fn read_told(&mut self) {
        for datum in self.watcher.take() {
            let Some(name) = named(&datum)
                .strip_prefix("metrics_exporter_cloudwatch.")
                .map(str::to_owned)
            else {
                continue;
            };
            let value = datum.value().statistics().sum;
            let told = self.told.entry(name.clone()).or_default();
            // Counts are told as what is new, levels as they are.
            *told = if name.starts_with("data") {
                *told + value
            } else {
                value
            };
        }
    }

    /// Counts have to be right at once. Gives whether the journals' bytes are: a record may have been taken off the disk
    /// between two looks.
    pub(super) fn check_told(&self, stats: &Stats, journals: [bool; 2]) -> Check {
        let told = |name: &str, of: &str| {
            let name = format!("{name} destination={of}");
            self.told.get(&name).copied().unwrap_or_default()
        };
        for (number, name) in NAMES.iter().enumerate() {
            let part = &stats.destinations[*name];
            let counts = [
                ("data.delivered", part.delivered.data),
                ("data.repeated", part.repeated.data),
                ("data.ambiguous", part.ambiguous.data),
                ("data.dropped", part.dropped.data),
            ];
            for (count, expected) in counts {
                assert_eq!(
                    told(count, name),
                    expected as f64,
                    "{count} of {name}: {part:?}"
                );
            }
            if number < 2 && journals[number] {
                equal(name, told("journal.bytes", name), part.journal_bytes as f64)?;
            }
        }
        Ok(())
    }
}
