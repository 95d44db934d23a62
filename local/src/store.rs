//! Everything received, in the order of arrival.

use std::collections::HashMap;
use std::time::SystemTime;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::received::{ReceivedDatum, ReceivedRequest};
use crate::series::Series;

/// What was received, and word of it to those who wait.
#[derive(Debug)]
pub(crate) struct Store {
    held: Mutex<Held>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Held {
    data: Vec<ReceivedDatum>,
    requests: Vec<ReceivedRequest>,
    /// Each metric once, in the order in which they were first seen.
    listed: Vec<Listed>,
    /// The place of each metric in that order.
    places: HashMap<Series, usize>,
}

/// A metric, and where its data are.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) series: Series,
    /// The latest timestamp of its data.
    pub(crate) latest: SystemTime,
    data: Vec<usize>,
}

impl Held {
    fn add(&mut self, datum: ReceivedDatum) {
        let series = Series::of(&datum);
        let place = *self.places.entry(series).or_insert_with_key(|series| {
            let (series, latest) = (series.clone(), datum.timestamp);
            self.listed.push(Listed {
                series,
                latest,
                data: Vec::new(),
            });
            self.listed.len() - 1
        });
        let listed = &mut self.listed[place];
        listed.latest = listed.latest.max(datum.timestamp);
        listed.data.push(self.data.len());
        self.data.push(datum);
    }
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// An attempt and its data, of which there are none if it was refused: both at once.
    pub(crate) fn record(&self, request: ReceivedRequest, accepted: Vec<ReceivedDatum>) {
        {
            let mut held = self.held.lock();
            for datum in accepted {
                held.add(datum);
            }
            held.requests.push(request);
        }
        self.changed.send_replace(());
    }

    pub(crate) fn data(&self) -> Vec<ReceivedDatum> {
        self.held.lock().data.clone()
    }

    /// At most `most` data after the first `seen`.
    pub(crate) fn data_from(&self, seen: usize, most: usize) -> Vec<ReceivedDatum> {
        self.held
            .lock()
            .data
            .iter()
            .skip(seen)
            .take(most)
            .cloned()
            .collect()
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.held.lock().requests.clone()
    }

    /// The data of one metric.
    pub(crate) fn data_of(&self, series: &Series) -> Vec<ReceivedDatum> {
        let held = self.held.lock();
        let Some(place) = held.places.get(series) else {
            return Vec::new();
        };
        held.listed[*place]
            .data
            .iter()
            .map(|index| held.data[*index].clone())
            .collect()
    }

    /// At most `most` metrics from a place in their order on, in that order, with the place. The order
    /// only ever grows at its end.
    pub(crate) fn listed(
        &self,
        from: usize,
        most: usize,
        wanted: impl Fn(&Listed) -> bool,
    ) -> Vec<(usize, Series)> {
        let held = self.held.lock();
        let listed = held
            .listed
            .iter()
            .enumerate()
            .skip(from)
            .filter(|(_, listed)| wanted(listed))
            .take(most);
        listed
            .map(|(place, listed)| (place, listed.series.clone()))
            .collect()
    }

    /// The data after the first `seen`, as soon as there are some.
    pub(crate) async fn data_beyond(&self, seen: usize) -> Vec<ReceivedDatum> {
        self.beyond(|held| held.data.get(seen..).unwrap_or_default().to_vec())
            .await
    }

    /// The requests after the first `seen`, as soon as there are some.
    pub(crate) async fn requests_beyond(&self, seen: usize) -> Vec<ReceivedRequest> {
        self.beyond(|held| held.requests.get(seen..).unwrap_or_default().to_vec())
            .await
    }

    async fn beyond<T>(&self, select: impl Fn(&Held) -> Vec<T>) -> Vec<T> {
        // Subscribed before the first look, so that nothing slips in between.
        let mut changed = self.changed.subscribe();
        loop {
            let found = select(&self.held.lock());
            if !found.is_empty() {
                return found;
            }
            changed
                .changed()
                .await
                .expect("the sender is a field of this store");
        }
    }
}
