//! Key → series: what a thread looks up, and what a snapshot walks.

mod alias;
mod cardinality;
mod description_cache;
mod dropped;
pub(crate) mod eviction;
mod handle_cache;
mod handle_owner;
mod lookup;
mod map;
mod name_cache;
mod name_rules;
mod naming;
mod projection;
mod recorded;
mod series_limit;
mod sets;
mod shown_name;
mod text_hash;

pub(crate) use handle_owner::Cached;
pub(crate) use lookup::Registry;
pub(crate) use map::SeriesMap;
pub(crate) use naming::Nameless;
pub(crate) use projection::Projection;
pub(crate) use recorded::Recorded;
pub(crate) use series_limit::{SeriesLimit, free_place, take_place};
