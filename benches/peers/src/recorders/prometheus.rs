//! `metrics-exporter-prometheus`, with the upkeep that its own exporter would do.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::{Context, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::thread;
use std::time::Duration;

/// Its own default.
const UPKEEP: Duration = Duration::from_secs(5);

struct Prometheus(PrometheusHandle);

pub(super) fn install() -> Result<impl Installed> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    let upkeep = handle.clone();
    thread::Builder::new().spawn(move || {
        loop {
            thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    })?;
    Ok(Prometheus(handle))
}

impl Installed for Prometheus {
    fn settle(&self) -> Result<()> {
        self.0.run_upkeep();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let page = self.0.render();
        Ok(Some(Delivered {
            counted: value_of(&page, COUNTER)?,
            samples: value_of(&page, &format!("{HISTOGRAM}_count"))?,
        }))
    }
}

/// The number that follows a name without labels.
fn value_of(page: &str, name: &str) -> Result<u64> {
    let mut lines = page.lines().filter_map(|line| line.split_once(' '));
    match lines.find(|(start, _)| *start == name) {
        Some((_, value)) => value.parse().context("a number"),
        None => Ok(0),
    }
}
