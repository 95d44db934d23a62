//! What the service accepts. A request is checked as a whole: one invalid datum refuses all of it.

mod datum;
pub(crate) mod dimensions;
pub(crate) mod limits;
mod number;
pub(crate) mod period;
mod put_metric_data;
pub(crate) mod text;
mod value;
mod violations;

pub(crate) use put_metric_data::check;
pub(crate) use violations::Violations;
