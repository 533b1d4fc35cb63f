//! Why no permit can be given.

use crate::store;
use jiff::Timestamp;

/// A permit cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket's daily quota is used up; asking again makes no sense before `until`.
    #[error("daily quota of {bucket} is used up until {until}")]
    DailyUsedUp {
        /// Which one.
        bucket: String,
        /// The next midnight of the bucket's zone.
        until: Timestamp,
    },
    /// Redis cannot be asked. Sending without asking would break the limit, so this pauses the stage.
    #[error("shared quota cannot be asked")]
    Store(#[from] store::Error),
}
