//! For your tests: what code [records](record), and whether a sink of your own does [what it has to](conformance()).

mod conformance;
mod record_closure;

pub use conformance::{TestPeer, conformance};
pub use record_closure::{Recorded, record};

use crate::model::batch::Batch;
use crate::model::sink::Sink;

/// The bytes of a batch, as [`Sink::added_len`] adds them up.
pub fn predicted_len(sink: &impl Sink, batch: &Batch) -> usize {
    let mut filled = Batch::open(batch.key().clone());
    let data = batch.data().iter();
    data.map(|datum| {
        let added = sink.added_len(&filled, datum);
        filled.push(datum.clone());
        added
    })
    .sum()
}
