//! Why rows without a key could not be counted or given a key.

use crate::ledger;

/// Why rows without a key could not be counted or given a key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", words::tr!("ask Redis"))]
    Store(#[from] pipeline::store::Error),
    #[error("{}", words::tr!("ask the ledger"))]
    Ledger(#[from] ledger::Error),
    #[error("{}", words::tr!("forget the index"))]
    Index(#[from] crate::index::Error),
    /// The vendor's answer.
    #[error("{}", words::tr!("Jiandaoyun answers {0}"))]
    Refused(String),
    /// The gate knows why.
    #[error("{}", words::tr!("the form cannot be reached now"))]
    Away,
}

impl Error {
    /// With its causes.
    pub(super) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = words::of(text, error);
            cause = error.source();
        }
        text
    }
}
