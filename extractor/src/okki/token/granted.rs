//! One token: how long it is used, how long it is good, and how it is kept for others.

use crate::okki::time;
use pipeline::setting::Secret;
use serde::{Deserialize, Serialize};

/// Never used in the last five minutes of its life; in the last fifth of a short one.
const MARGIN_MS: i64 = 300_000;
/// So long after its grant a token may still be unknown to the server that it is shown to.
const YOUNG_MS: i64 = 20_000;
/// A token; printing it shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Sent in `Authorization`.
    pub secret: Secret,
    /// Not used after this time, unix milliseconds.
    pub(super) fresh_until: i64,
    /// When it was asked for, unix milliseconds; 0 where a release of before has shared it.
    pub(super) granted_ms: i64,
    /// When the vendor ends it, unix milliseconds.
    pub(super) ends_ms: i64,
}

/// Says whether a text can be a token: anything else fits into no header, and every call would fail before it is sent.
#[must_use]
pub(in crate::okki) fn can_be_sent(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Token {
    /// A token that lives for `life_ms` from `now_ms`, and is used for a little less.
    #[must_use]
    pub(crate) fn new(token: String, now_ms: i64, life_ms: i64) -> Self {
        Self {
            secret: Secret::new(token),
            fresh_until: now_ms.saturating_add(life_ms - MARGIN_MS.min(life_ms / 5)),
            granted_ms: now_ms,
            ends_ms: now_ms.saturating_add(life_ms),
        }
    }

    /// Whether it was granted a moment ago: that it is refused says nothing yet, and another one would only be younger.
    pub(crate) fn is_young(&self) -> bool {
        (0..YOUNG_MS).contains(&time::now_ms().saturating_sub(self.granted_ms))
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.fresh_until > time::now_ms()
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) token: String,
    fresh_until: i64,
    #[serde(default)]
    granted_ms: i64,
    #[serde(default)]
    ends_ms: i64,
}

impl From<Stored> for Token {
    fn from(stored: Stored) -> Self {
        Self {
            secret: Secret::new(stored.token),
            fresh_until: stored.fresh_until,
            granted_ms: stored.granted_ms,
            ends_ms: stored.ends_ms.max(stored.fresh_until),
        }
    }
}

impl From<&Token> for Stored {
    fn from(token: &Token) -> Self {
        Self {
            token: token.secret.expose().to_owned(),
            fresh_until: token.fresh_until,
            granted_ms: token.granted_ms,
            ends_ms: token.ends_ms,
        }
    }
}
