//! What is on disk comes back in its order, and under its numbers.

use super::*;
use crate::collect::explicit_data::{self, ExplicitDatum};
use crate::delivery::entry::Entry;
use crate::delivery::event::Unsettled;
use crate::delivery::pack::Packer;
use crate::delivery::parcel::Parcel;
use crate::delivery::spooling::{News, Spooling};
use crate::model::profile::Profile;
use crate::sinks::memory::MemorySink;
use tokio::time::Instant;

async fn stored(spooling: &mut Spooling, number: u64) -> Parcel {
    let config = config();
    let sink = MemorySink::new();
    let mut packer = Packer::new(&config, &sink, Profile::default());
    let datum = ExplicitDatum::value("n", 1.0);
    packer.push(explicit_data::check(datum, &config, SystemTime::now(), 150).unwrap());
    let mut parcel = Parcel::new(number, packer.finish().remove(0));
    spooling.store(&mut parcel, Entry::None, Instant::now());
    match spooling.next().await {
        News::Stored(stored) => parcel.entry = Entry::Stored(stored.id.unwrap()),
        news => panic!("{news:?}"),
    }
    parcel
}

#[tokio::test]
async fn the_oldest_first_whenever_it_left_the_memory() {
    let scratch = Scratch::new();
    let (spool, recovered) = Spool::open(&scratch.dir(), 1 << 30).unwrap();
    let mut spooling = Spooling::new(SpoolThread::start(spool).unwrap(), recovered);
    let mut parcels = Vec::new();
    for number in 1..=3 {
        parcels.push(stored(&mut spooling, number).await);
    }
    for place in [1, 2, 0] {
        assert_eq!(spooling.leave(&parcels[place]), Some(true));
    }
    for number in 1..=3 {
        let left: Vec<Unsettled> = spooling.unsettled().collect();
        assert_eq!(left.len() as u64, 4 - number);
        assert!(left.iter().all(|one| one.is_spooled && one.data == 1));
        spooling.load(false);
        match spooling.next().await {
            News::Loaded(on_disk, _, batch) => {
                assert_eq!((on_disk.number, batch.data().len()), (number, 1));
            }
            news => panic!("{news:?}"),
        }
    }
}
