//! What comes in: windows of what was recorded, and explicit data.

pub(crate) mod explicit_data;
pub(crate) mod intake;
pub(crate) mod window;
