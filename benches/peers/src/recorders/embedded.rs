//! `metrics_cloudwatch_embedded`, which writes documents for a log.

use super::{COUNTER, Delivered, HISTOGRAM, Installed, NAMESPACE};
use anyhow::{Result, anyhow};
use metrics_cloudwatch_embedded::{Builder, Collector};
use serde_json::Value;
use std::io;

struct Embedded(&'static Collector);

pub(super) fn install() -> Result<impl Installed> {
    let collector = Builder::new().cloudwatch_namespace(NAMESPACE).init();
    Ok(Embedded(collector.map_err(|error| anyhow!(error))?))
}

impl Installed for Embedded {
    fn settle(&self) -> Result<()> {
        Ok(self.0.flush(io::sink())?)
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let mut log = Vec::new();
        self.0.flush(&mut log)?;
        let mut delivered = Delivered::default();
        for document in serde_json::Deserializer::from_slice(&log).into_iter::<Value>() {
            let document = document?;
            delivered.counted += document[COUNTER].as_u64().unwrap_or(0);
            delivered.samples += document[HISTOGRAM].as_array().map_or(0, Vec::len) as u64;
        }
        Ok(Some(delivered))
    }
}
