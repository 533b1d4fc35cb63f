//! Why the broker did not take events.

use crate::broker::{self, PublishError};
use serde::{Deserialize, Serialize};

/// Why events were not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("{}", words::tr!("declare the stream"))]
    Declare(#[from] broker::Error),
    #[error("{}", words::tr!("the broker cannot have the stream: {0}"))]
    Impossible(String),
    #[error("{}", words::tr!("the broker did not confirm events in time"))]
    Silent,
}

/// Under which a service tells that the broker takes no events.
pub const EVENTS_REFUSED: &str = "events_refused";

/// That the broker takes no events, for people who wonder why the account has gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsRefused {
    /// By this process' clock, unix milliseconds.
    pub since_ms: i64,
    /// In the broker's words.
    pub why: String,
}
