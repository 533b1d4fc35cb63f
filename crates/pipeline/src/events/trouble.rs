//! Why the broker did not take events.

use crate::broker::{self, PublishError};

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
