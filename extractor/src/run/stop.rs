//! Why a run did not come to its end.

use crate::{
    okki::{Error, time},
    share,
    state::{KindState, Written},
};
use pipeline::{broker::PublishError, store};
use std::time::Duration;

/// Why a run did not end; it stays where it is and is taken up again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// OKKI.
    #[error(transparent)]
    Okki(#[from] Error),
    /// OKKI shows other parts of the listing.
    #[error("{}", words::tr!("OKKI lists others, but not {part}"))]
    Part {
        /// Which group, or deleted customers.
        part: String,
        /// What it answers.
        #[source]
        source: Error,
    },
    /// Redis.
    #[error("{}", words::tr!("keep the state of the run"))]
    Store(#[from] store::Error),
    /// The broker.
    #[error("{}", words::tr!("publish refs"))]
    Publish(#[from] PublishError),
    /// Nobody knows from where on to list.
    #[error("{}", words::tr!("the checkpoint {} lies in the future; set it with `extractor checkpoint set TIME --reason WHY`",
        time::stamp(*.0)))]
    FutureCheckpoint(i64),
    /// The lease ran out, or a newer leader has written.
    #[error("{}", words::tr!("another replica leads"))]
    Deposed,
    /// Redis no longer holds what the run began with.
    #[error("{}", words::tr!("redis has lost what the run began with"))]
    Forgotten,
    /// The process is asked to stop.
    #[error("shutdown")]
    Shutdown,
    /// An operator wants the stage to rest.
    #[error("{}", words::tr!("an operator lets the stage rest"))]
    Rests,
}

impl Stop {
    /// How long to wait before the run is taken up, beyond what grows by itself.
    pub(crate) fn rest(&self) -> Duration {
        match self {
            Self::Okki(error) => share::rest(error),
            _ => Duration::ZERO,
        }
    }
}

pub(super) fn check(state: &KindState) -> Result<(), Stop> {
    match state.checkpoint.filter(|_| state.is_ahead()) {
        Some(checkpoint) => Err(Stop::FutureCheckpoint(checkpoint)),
        None => Ok(()),
    }
}

pub(super) const fn written(written: Written) -> Result<(), Stop> {
    match written {
        Written::Yes => Ok(()),
        Written::NewerLeader => Err(Stop::Deposed),
        Written::Forgotten => Err(Stop::Forgotten),
    }
}
