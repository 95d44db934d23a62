//! Key → series: what a thread looks up, and what a snapshot walks.

#[cfg(not(loom))]
mod cardinality;
#[cfg(not(loom))]
mod description_cache;
#[cfg(not(loom))]
mod dropped;
pub(crate) mod eviction;
#[cfg(not(loom))]
mod handle_cache;
#[cfg(not(loom))]
mod handle_owner;
#[cfg(not(loom))]
mod map;
#[cfg(not(loom))]
mod name_cache;
#[cfg(not(loom))]
mod name_rules;
#[cfg(not(loom))]
mod naming;
#[cfg(not(loom))]
mod projection;
#[cfg(not(loom))]
mod recorded;
#[cfg(not(loom))]
mod series_limit;
#[cfg(not(loom))]
mod sets;
#[cfg(not(loom))]
mod text_hash;

#[cfg(not(loom))]
pub(crate) use handle_owner::Cached;
#[cfg(not(loom))]
pub(crate) use lookup::Registry;
#[cfg(not(loom))]
pub(crate) use map::SeriesMap;
#[cfg(not(loom))]
pub(crate) use naming::Nameless;
#[cfg(not(loom))]
pub(crate) use projection::Projection;
#[cfg(not(loom))]
pub(crate) use recorded::Recorded;
#[cfg(not(loom))]
pub(crate) use series_limit::{SeriesLimit, free_place, take_place};

#[cfg(not(loom))]
mod lookup;
