//! Whose fault an answer is, as far as it tells: one request's, the rate's, Redis', the network's.

use super::{Error, Outage};

impl Error {
    /// Says whether one page of a listing alone may be answered so, while others are listed.
    #[must_use]
    pub(crate) fn may_be_of_one_page(&self) -> bool {
        let is_of_all = matches!(self, Self::Unnamed(_) | Self::Closed { .. } | Self::Quota(_));
        !is_of_all && !self.is_definite() && !self.is_of_redis()
    }

    /// Says whether a listing may mean by it that it shows nobody: an orderly answer, or none at all. Whether it does has to
    /// be asked.
    #[must_use]
    pub(crate) const fn may_say_nobody(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::Shape(_)
                | Self::Outage(Outage::Unknown { .. } | Outage::Bodyless { .. })
        )
    }

    /// Says whether the server works and does not answer this very request, as far as one answer tells.
    #[must_use]
    pub(crate) const fn is_of_request(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::Business { .. }
                | Self::Shape(_)
                | Self::Outage(Outage::Unknown { .. })
        )
    }

    /// Says whether it is the rate or the day that stands against the call.
    #[must_use]
    pub(crate) const fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Closed { .. } | Self::Quota(_)
        )
    }

    /// Says whether Redis could not be asked.
    #[must_use]
    pub(crate) const fn is_of_redis(&self) -> bool {
        matches!(
            self,
            Self::Store(_) | Self::Quota(pipeline::quota::Error::Store(_))
        )
    }

    /// Says whether it is an outage of Redis, which passes by itself.
    #[must_use]
    pub(crate) fn is_outage_of_redis(&self) -> bool {
        match self {
            Self::Store(error) | Self::Quota(pipeline::quota::Error::Store(error)) => error.is_outage(),
            _ => false,
        }
    }

    /// Nobody answered within the time limit of a call.
    #[must_use]
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Outage(Outage::Transport(error) | Outage::Body(pipeline::http::Error::Read(error))) => {
                error.is_timeout()
            }
            _ => false,
        }
    }
}
