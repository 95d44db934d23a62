//! `metrique-metricsrs`, whose read-out is counted as its writers get it.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrique_metricsrs::MetricRecorder;
use metrique_writer_core::{
    Entry, EntryConfig, EntryWriter, MetricFlags, Observation, Unit, ValidationError, Value,
    ValueWriter,
};
use std::borrow::Cow;
use std::time::SystemTime;

type Version = dyn metrics::Recorder;

struct Metrique(MetricRecorder<Version>);

pub(super) fn install() -> Result<impl Installed> {
    let recorder = MetricRecorder::<Version>::new();
    metrics::set_global_recorder(recorder.clone())?;
    Ok(Metrique(recorder))
}

impl Installed for Metrique {
    fn settle(&self) -> Result<()> {
        self.0.readout();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let mut delivered = Delivered::default();
        self.0.readout().write(&mut delivered);
        Ok(Some(delivered))
    }
}

impl<'a> EntryWriter<'a> for Delivered {
    fn timestamp(&mut self, _: SystemTime) {}

    fn value(&mut self, name: impl Into<Cow<'a, str>>, value: &(impl Value + ?Sized)) {
        let name = name.into();
        if name == COUNTER {
            value.write(Tally(&mut self.counted));
        } else if name == HISTOGRAM {
            value.write(Tally(&mut self.samples));
        }
    }

    fn config(&mut self, _: &'a dyn EntryConfig) {}
}

/// Adds what a counter counted, and how often a histogram's values occurred.
struct Tally<'t>(&'t mut u64);

impl ValueWriter for Tally<'_> {
    fn string(self, _: &str) {}

    fn metric<'a>(
        self,
        distribution: impl IntoIterator<Item = Observation>,
        _: Unit,
        _: impl IntoIterator<Item = (&'a str, &'a str)>,
        _: MetricFlags<'_>,
    ) {
        for observation in distribution {
            *self.0 += match observation {
                Observation::Unsigned(counted) => counted,
                Observation::Repeated { occurrences, .. } => occurrences,
                _ => 0,
            };
        }
    }

    fn error(self, _: ValidationError) {}
}
