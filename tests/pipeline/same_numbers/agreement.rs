//! What agrees with what: at a quiet moment, after a report, and at an end.

use super::NAMES;
use super::folder;
use super::process::Life;
use super::world::World;
use crate::fixtures::adding_up::{Check, adds_up, equal, sums};
use metrics_exporter_cloudwatch::{FlushReport, Stats};

impl World {
    pub(super) fn check(&self, life: &Life) -> Check {
        let stats = life.cloudwatch.stats();
        adds_up(&stats)?;
        let parts = stats.destinations.values();
        equal(
            "sum",
            stats.pending.samples,
            parts.map(|part| part.pending.samples).sum(),
        )?;
        let parts = stats.destinations.values();
        equal(
            "sum",
            stats.journal_bytes,
            parts.map(|part| part.journal_bytes).sum(),
        )?;
        for (name, part) in &stats.destinations {
            adds_up(part).map_err(|error| format!("{name}: {error} in {part:?}"))?;
            let own = part.entered.samples - part.restored.samples;
            equal(name, own, life.recorded)?;
        }
        for (number, name) in NAMES[..2].iter().enumerate() {
            let part = &stats.destinations[*name];
            let arrived = self.sinks[number].arrived();
            equal(
                name,
                (self.delivered[number] + part.delivered.samples) as f64,
                arrived,
            )?;
            equal("not written", part.journal_writing_bytes, 0)?;
            let found = folder::read(&self.folders[number])?;
            equal("folder", part.journal_bytes, found.bytes)?;
            let is_any_on_disk = !part.journaled.is_zero();
            equal("journaled", is_any_on_disk && found.records == 0, false)?;
            equal("left", part.restored.samples <= self.left[number], true)?;
            let is_at_rest = !life.flows[number] || life.is_sent(number, self);
            equal("all is sent", is_at_rest, true)?;
        }
        let watcher = &stats.destinations[NAMES[2]];
        equal("watcher", watcher.delivered.samples, life.recorded)
    }

    /// A report is what became of its data between two looks at the account. Beside them others are settled: what an
    /// earlier process left.
    pub(super) fn compare(
        &self,
        before: &Stats,
        report: &FlushReport,
        after: &Stats,
        is_last: bool,
    ) {
        for (number, name) in NAMES.iter().enumerate() {
            let (before, after) = (&before.destinations[*name], &after.destinations[*name]);
            let report = &report.destinations[*name];
            let parts = [
                report.delivered,
                report.handed_over,
                report.refused,
                report.ambiguous,
                report.dropped,
                report.pending,
            ];
            assert_eq!(sums(&[report.entered]), sums(&parts), "{name}: {report}");
            assert!(report.journaled.samples <= report.pending.samples);
            let is_alone = number == 2 || self.left[number] == 0;
            let covered = before.pending.samples + 2;
            assert!(report.entered.samples <= covered, "{name}: {report}");
            // What is settled after a flush is no part of its report.
            if is_alone && is_last {
                let lost = |stats: &Stats| sums(&[stats.dropped, stats.ambiguous, stats.refused]).1;
                assert_eq!(report.entered.samples, covered, "{name}: {report}");
                // Of the last window alone the disk may not have answered: then it is given up, or on disk.
                let being_written = report.pending.samples - report.journaled.samples;
                assert!(being_written <= 2, "{name}: {report}");
                let given_up = report.pending.samples - after.pending.samples;
                assert!([0, being_written].contains(&given_up), "{name}: {after}");
                let lost_then = sums(&[report.dropped, report.ambiguous]).1 + given_up;
                assert_eq!(
                    lost(before) + lost_then,
                    lost(after),
                    "{name}: {report} / {after}"
                );
                let delivered = before.delivered.samples + report.delivered.samples;
                assert_eq!(
                    delivered, after.delivered.samples,
                    "{name}: {report} / {after}"
                );
            }
        }
    }

    pub(super) fn end(&mut self, life: &Life) {
        let stats = life.cloudwatch.stats();
        for (number, name) in NAMES[..2].iter().enumerate() {
            let part = &stats.destinations[*name];
            assert!(adds_up(part).is_ok(), "{part:?}");
            let (pending, journaled) = (part.pending.samples, part.journaled.samples);
            assert_eq!(pending, journaled, "nothing is in memory: {part:?}");
            let disk = (
                folder::read(&self.folders[number]).unwrap().bytes,
                part.queue_bytes,
            );
            assert_eq!((part.journal_bytes, 0), disk, "{part:?}");
            if !self.case.journals[number] {
                assert_eq!(pending, 0, "{part:?}");
            }
            self.left[number] = self.left[number] - part.restored.samples + pending;
            self.delivered[number] += part.delivered.samples;
            self.lost[number] += sums(&[part.dropped, part.ambiguous]).1;
        }
    }
}
