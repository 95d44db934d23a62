//! Key → series: what a thread looks up, and what a snapshot walks.

#[cfg(not(loom))]
mod description_cache;
pub(crate) mod eviction;
#[cfg(not(loom))]
mod handle_cache;
#[cfg(not(loom))]
mod map;
#[cfg(not(loom))]
mod recorded;
#[cfg(not(loom))]
mod series_limit;

#[cfg(not(loom))]
pub(crate) use handle_cache::Cached;
#[cfg(not(loom))]
pub(crate) use lookup::Registry;
#[cfg(not(loom))]
pub(crate) use map::SeriesMap;
#[cfg(not(loom))]
pub(crate) use recorded::Recorded;
#[cfg(not(loom))]
pub(crate) use series_limit::{SeriesLimit, free_place, take_place};

#[cfg(not(loom))]
mod lookup;
