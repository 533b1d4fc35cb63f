//! What a vendor pushed, and what became of it.

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

/// One call that knew the path.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its headers.
    pub headers: HeaderMap,
    /// What stands after the `?`, not decoded; empty when there is none.
    pub query: String,
    /// The body, byte for byte.
    pub body: Bytes,
}

/// Understands what is pushed.
pub trait Receiver: Send + Sync + 'static {
    /// Returns when what the push causes is durable elsewhere, or will not be. May be cancelled at any moment.
    fn receive(&self, push: Push) -> impl Future<Output = Verdict> + Send;

    /// The same with the JSON that the vendor wants to be answered; `None` is a word that no vendor reads.
    fn answer(&self, push: Push) -> impl Future<Output = (Verdict, Option<String>)> + Send {
        async { (self.receive(push).await, None) }
    }
}

/// What became of a call. Only the first one is answered 2xx; the vendor may repeat the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Taken, or known to need nothing.
    Accepted,
    /// Not from the vendor: a wrong path or signature.
    Forged,
    /// Not what the vendor pushes.
    Malformed,
    /// More than is taken at a time.
    Busy,
    /// Could not be kept, perhaps because the broker is away.
    Failed,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Forged,
        Self::Malformed,
        Self::Busy,
        Self::Failed,
    ];

    /// Label of the metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Forged => "forged",
            Self::Malformed => "malformed",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Accepted => StatusCode::OK,
            Self::Forged => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
