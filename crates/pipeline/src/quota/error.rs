//! Why no permit can be given.

use crate::store;
use jiff::Timestamp;

/// A permit cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket's daily quota is used up; asking again makes no sense before `until`.
    #[error("{}", words::tr!("daily quota of {bucket} is used up until {until}"))]
    DailyUsedUp {
        /// Which one.
        bucket: String,
        /// The next midnight of the bucket's zone.
        until: Timestamp,
    },
    /// What is left of the day is kept for live work; only backfills and replays are told so.
    #[error("{}", words::tr!("the share of {bucket} that backfills and replays may use is used up until {until}"))]
    ShareUsedUp {
        /// Which one.
        bucket: String,
        /// The next midnight of the bucket's zone.
        until: Timestamp,
    },
    /// The vendor asked for a pause that is too long to wait for with a message in hand.
    #[error("{}", words::tr!("the vendor takes no call of {bucket} until {until}"))]
    Closed {
        /// Which one.
        bucket: String,
        /// When its pause ends.
        until: Timestamp,
    },
    /// Redis cannot be asked. Sending without asking would break the limit, so this pauses the stage.
    #[error("{}", words::tr!("shared quota cannot be asked"))]
    Store(#[from] store::Error),
}

impl Error {
    /// When asking again makes sense, for lanes that wait while live work goes on.
    #[must_use]
    pub const fn live_goes_on_until(&self) -> Option<Timestamp> {
        match self {
            Self::ShareUsedUp { until, .. } => Some(*until),
            _ => None,
        }
    }
}
