//! A failed exchange.

use std::io;

/// A failed exchange. The URL is left out, because queries may hold personal data or tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be built.
    #[error("{}", words::tr!("cannot build the HTTP client"))]
    Build(#[source] reqwest::Error),
    /// Certificates were there when the service started, and are not any more.
    #[error("{}", words::tr!("read HTTP certificates"))]
    Certificates(#[source] io::Error),
    /// The answer broke off.
    #[error("{}", words::tr!("answer broke off"))]
    Read(#[source] reqwest::Error),
    /// The answer is larger than anything sensible.
    #[error("{}", words::tr!("answer is larger than {limit} bytes"))]
    TooLarge {
        /// The limit that was passed.
        limit: usize,
    },
}
