//! What can go wrong with dead letters, in types, so that a page can say it as well as a command can.

use pipeline::{
    broker::{self, PublishError},
    stage::Stage,
    store,
};
use std::io;

/// Why dead letters were not browsed or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another replay of the stage, or the same operation, is under way.
    #[error("{}", words::tr!("another {what} is under way, by {by}; wait for it or cancel it, and try again in a few seconds if it was killed"))]
    Busy {
        /// What is under way.
        what: String,
        /// Who does it.
        by: String,
    },
    /// Another operator browses the letters.
    #[error("{}", words::tr!("{by} is still browsing these letters; try again later"))]
    Browsed {
        /// Who does.
        by: String,
    },
    /// There is nothing of this name.
    #[error("{}", words::tr!("no {what} `{id}` {hint}"))]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// Its name.
        id: String,
        /// Where to find the names that there are.
        hint: String,
    },
    /// It belongs to another stage.
    #[error("{}", words::tr!("{what} {id} is one of the {of} stage, this is the {here} stage; nothing was moved"))]
    WrongStage {
        /// What it is.
        what: &'static str,
        /// Its name.
        id: String,
        /// Its stage.
        of: String,
        /// The stage of the workspace.
        here: Stage,
    },
    /// What was asked for is impossible as things stand.
    #[error("{0}")]
    NotNow(String),
    /// Something that was given is wrong.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// The operator wants to stop.
    #[error("{}", words::tr!("interrupted; {0}"))]
    Interrupted(&'static str),
    /// Another process took the replay over.
    #[error("{}", words::tr!("another replay took over; `dead plans` shows what has been sent"))]
    Overtaken,
    /// This process stood still for longer than it may hold letters.
    #[error("{}", words::tr!("this process was suspended, and others may have taken the letters meanwhile; what was not moved is where it was"))]
    Outlasted,
    /// The broker is away.
    #[error("{}", words::tr!("the broker does not serve the letters"))]
    Broker(#[from] broker::Error),
    /// The broker did not take letters.
    #[error("{}", words::tr!("move letters"))]
    Publish(#[from] PublishError),
    /// Redis is away.
    #[error("{}", words::tr!("Redis does not keep what is done to letters"))]
    Store(#[from] store::Error),
    /// A file or a terminal does not work.
    #[error("{}", words::tr!("read or write letters"))]
    Io(#[from] io::Error),
    /// What is kept as JSON is none.
    #[error("{}", words::tr!("read or write JSON"))]
    Json(#[from] serde_json::Error),
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::Store(error.into())
    }
}

/// What the library's functions answer.
pub type Result<T> = std::result::Result<T, Error>;
