//! What can go wrong with the read model.

use std::{io, path::PathBuf};

/// Why the read model does not answer, or was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be made or opened.
    #[error("{}", words::tr!("the file {path} of the read model cannot be used", path = path.display()))]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process keeps the same file.
    #[error("{}", words::tr!("another process keeps {path}; stop it, or give this one a folder of its own", path = _0.display()))]
    Kept(PathBuf),
    /// SQLite refused.
    #[error("{}", words::tr!("the read model's file does not serve"))]
    Sqlite(#[from] rusqlite::Error),
    /// What stands in the file is none of ours.
    #[error("{}", words::tr!("the read model's file holds what this version does not read"))]
    Json(#[from] serde_json::Error),
    /// The same for an event.
    #[error("{}", words::tr!("the read model's file holds an event that this version does not read"))]
    Event(#[from] prost::DecodeError),
    /// The broker is away.
    #[error("{}", words::tr!("the broker does not serve the account of events"))]
    Broker(#[from] pipeline::broker::Error),
    /// The dead letters cannot be seen.
    #[error("{}", words::tr!("the dead letters cannot be seen"))]
    Letters(#[from] replay::error::Error),
    /// What was begun with one file cannot go on with the next.
    #[error("{}", words::tr!("the read model was made anew meanwhile"))]
    Anew,
    /// The task that works on the file has ended.
    #[error("{}", words::tr!("the read model has ended"))]
    Ended,
}

impl Error {
    /// The file is of no use any more and has to be made anew.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            // Without its tables it is one that could not be made to its end.
            Self::Sqlite(rusqlite::Error::SqliteFailure(_, Some(said))) if said.contains("no such table") => {
                true
            }
            Self::Sqlite(error) => error
                .sqlite_error_code()
                .is_some_and(|code| matches!(code, DatabaseCorrupt | NotADatabase)),
            Self::Json(_) | Self::Event(_) => true,
            _ => false,
        }
    }
}

/// What the crate's functions answer.
pub type Result<T> = std::result::Result<T, Error>;
