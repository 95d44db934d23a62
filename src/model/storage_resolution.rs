//! How fine data are stored, and so how long a window is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How fine CloudWatch stores the data, and so how long a window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageResolution {
    /// One minute.
    #[default]
    Standard,
    /// One second. CloudWatch keeps such data for three hours, and by the minute after that.
    High,
}

impl StorageResolution {
    /// The length of a window: 60 seconds or one.
    pub fn period(self) -> Duration {
        Duration::from_secs(self.seconds().into())
    }

    /// The start of the window that a time is in.
    pub(crate) fn start_of(self, time: SystemTime) -> SystemTime {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        UNIX_EPOCH + Duration::from_secs(seconds - seconds % u64::from(self.seconds()))
    }

    /// As in `Datum.StorageResolution`: 60 or 1.
    pub(crate) fn seconds(self) -> u8 {
        match self {
            Self::Standard => 60,
            Self::High => 1,
        }
    }
}
