//! What OKKI refused, sorted once by what has to be done about it. No other file reads codes or status numbers.

mod judged;

use std::time::Duration;

/// Why a call to OKKI has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The credentials or the token are refused; when that is so for everybody, nothing works until a person acts.
    #[error("{}", words::tr!("okki refuses the credentials: {code}: {message}"))]
    Auth {
        /// The vendor's code (`invalid_client`, `access_denied`, `401`).
        code: String,
        /// The vendor's text.
        message: String,
    },
    /// The token is good but lacks the module, or the application has it switched off.
    #[error("{}", words::tr!("okki grants no permission: {code}: {message} (enable the customer module under API对接 and scope `company`)"))]
    Permission {
        /// The vendor's code.
        code: String,
        /// The vendor's text.
        message: String,
    },
    /// Too many calls; the account's limit is lower than ours.
    #[error("{}", words::tr!("okki limits the rate"))]
    RateLimited {
        /// From `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Too many calls, and not the moment to go on: longer than a call can wait for.
    #[error("{}", words::tr!("okki limits the rate and wants no calls before {}", until(*left)))]
    Closed {
        /// How long from now.
        left: Duration,
    },
    /// The customer does not exist, or is not visible to this application, or not yet.
    #[error("{}", words::tr!("okki has no such customer: {message}"))]
    NotFound {
        /// The vendor's text (`Not Found Resource`, `No Privilege`).
        message: String,
    },
    /// A refusal of this very request, with a code that is known to be final.
    #[error("{}", words::tr!("okki refuses the request: {code}: {message}"))]
    Business {
        /// The vendor's code.
        code: String,
        /// The vendor's text.
        message: String,
    },
    /// No answer, or one that says nothing about the request: worth asking again.
    #[error("{}", words::tr!("okki does not answer"))]
    Outage(#[from] Outage),
    /// Not JSON: a page of some gateway, or an answer cut short. Another time it may be one.
    #[error("{}", words::tr!("unreadable answer of okki: {0}"))]
    Garbled(String),
    /// JSON, but not the documented shape.
    #[error("{}", words::tr!("unexpected answer of okki: {0}"))]
    Shape(String),
    /// No row of the listing names a customer, as after a change of how ids are written.
    #[error("{}", words::tr!("unexpected answer of okki: {0}"))]
    Unnamed(String),
    /// The listing shows rows whatever bounds it is asked for.
    #[error("{}", words::tr!("listing: `start_time` and `end_time` are not honoured"))]
    Unbounded,
    /// The detail of another customer than the one that was asked for.
    #[error("{}", words::tr!("unexpected answer of okki: detail of {asked}: the answer is about {about} (does something in between cache answers?)"))]
    Another {
        /// The customer that was asked for.
        asked: String,
        /// The customer that is shown.
        about: String,
    },
    /// Details are older than the rows of the listing.
    #[error("{}", words::tr!("the details of customers are older than the listing says: {shown} and not {listed}"))]
    Older {
        /// The time of a detail.
        shown: String,
        /// That of its row.
        listed: String,
    },
    /// The daily allowance is used up.
    #[error("{}", words::tr!("the call cannot be made within the quota"))]
    Quota(#[from] pipeline::quota::Error),
    /// Redis, which shares token and quota, cannot be used.
    #[error("{}", words::tr!("shared state of the okki client"))]
    Store(#[from] pipeline::store::Error),
}

/// The kinds of silence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Outage {
    /// An HTTP status that blames the server.
    #[error("{}", words::tr!("http status {status}"))]
    Status {
        /// The status.
        status: u16,
        /// From `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The server wants the call to be made elsewhere, which nobody has asked for.
    #[error("{}", words::tr!("http status {status}, a redirect to {to} (is OKKI_BASE_URL right?)"))]
    Redirect {
        /// The status.
        status: u16,
        /// Scheme, host and path.
        to: String,
    },
    /// No connection, no answer in time, or an answer cut short.
    #[error("{}", if .0.is_timeout() { words::tr!("no answer in time") } else { words::tr!("no connection to OKKI (OKKI_BASE_URL)") })]
    Transport(#[source] reqwest::Error),
    /// Reading the body failed.
    #[error("{}", words::tr!("answer cut short"))]
    Body(#[source] pipeline::http::Error),
    /// A status that says yes, and nothing behind it.
    #[error("{}", words::tr!("http status {status}, an empty body"))]
    Bodyless {
        /// The status.
        status: u16,
    },
    /// The envelope reports a server error.
    #[error("{}", words::tr!("server error {code}: {message}"))]
    Envelope {
        /// The vendor's code.
        code: String,
        /// The vendor's text.
        message: String,
        /// From `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// A code that nothing is known of, so it may mean anything, and pass.
    #[error("{}", words::tr!("unknown code {code}: {message}"))]
    Unknown {
        /// The vendor's code.
        code: String,
        /// The vendor's text.
        message: String,
        /// From `Retry-After`.
        retry_after: Option<Duration>,
    },
}

/// What the token call says about the credentials themselves; to ask again changes nothing.
const DEFINITE: [&str; 6] = [
    "invalid_client",
    "invalid_credentials",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];

impl Error {
    /// The same without a secret that the vendor's words show.
    #[must_use]
    pub(crate) fn without(mut self, secret: &str) -> Self {
        let texts = match &mut self {
            Self::Auth { code, message }
            | Self::Permission { code, message }
            | Self::Business { code, message }
            | Self::Outage(Outage::Envelope { code, message, .. } | Outage::Unknown { code, message, .. }) => {
                vec![code, message]
            }
            Self::NotFound { message }
            | Self::Garbled(message)
            | Self::Shape(message)
            | Self::Unnamed(message) => vec![message],
            _ => vec![],
        };
        for text in texts {
            if !secret.is_empty() && text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        }
        self
    }

    /// Says whether the same call may succeed later without a person's help.
    #[must_use]
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Outage(_) | Self::Garbled(_) | Self::RateLimited { .. } | Self::Closed { .. }
        )
    }

    /// Says whether a person has to change the OKKI application.
    #[must_use]
    pub(crate) const fn needs_person(&self) -> bool {
        matches!(self, Self::Auth { .. } | Self::Permission { .. })
    }

    /// Says whether one answer is enough to call a person; other refusals of a token may be over in a second.
    #[must_use]
    pub(crate) fn is_definite(&self) -> bool {
        match self {
            Self::Auth { code, .. } | Self::Permission { code, .. } => DEFINITE.contains(&code.as_str()),
            _ => false,
        }
    }

    /// How long OKKI wants no calls.
    #[must_use]
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::Outage(
                Outage::Status { retry_after, .. }
                | Outage::Envelope { retry_after, .. }
                | Outage::Unknown { retry_after, .. },
            ) => *retry_after,
            Self::Closed { left } => Some(*left),
            _ => None,
        }
    }

    /// Stable reason for dead letters and metrics.
    #[must_use]
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "okki-auth",
            Self::Permission { .. } => "okki-permission",
            Self::RateLimited { .. } | Self::Closed { .. } => "okki-rate-limited",
            Self::NotFound { .. } => "okki-not-found",
            Self::Business { .. } => "okki-refused",
            Self::Outage(Outage::Unknown { .. }) => "okki-unknown-code",
            Self::Garbled(_) | Self::Outage(Outage::Bodyless { .. }) => "okki-unreadable",
            Self::Outage(_) => "okki-outage",
            Self::Shape(_) | Self::Unnamed(_) | Self::Unbounded | Self::Another { .. } => {
                "okki-unexpected-shape"
            }
            Self::Older { .. } => "okki-older-detail",
            Self::Quota(_) => "okki-quota",
            Self::Store(_) => "redis",
        }
    }

    /// The vendor's own code and text, when it gave any.
    #[must_use]
    pub(crate) fn vendor(&self) -> Option<(String, String)> {
        match self {
            Self::Auth { code, message }
            | Self::Permission { code, message }
            | Self::Business { code, message }
            | Self::Outage(Outage::Envelope { code, message, .. } | Outage::Unknown { code, message, .. }) => {
                Some((code.clone(), message.clone()))
            }
            Self::NotFound { message } => Some(("404".to_owned(), message.clone())),
            Self::Outage(Outage::Status { status, .. }) => Some((status.to_string(), String::new())),
            _ => None,
        }
    }
}

fn until(left: Duration) -> String {
    let left = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
    super::time::stamp(super::time::now().saturating_add(left))
}

pub(crate) use pipeline::cause::chain;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_comes_back_is_not_told() {
        let echo = || {
            (
                String::from("invalid_client"),
                String::from(r#"{"client_secret":"s3cr3t"}"#),
            )
        };
        let of = |error: Error| chain(&error.without("s3cr3t"));
        let ((code, message), (other, words)) = (echo(), echo());
        for told in [
            of(Error::Auth { code, message }),
            of(Outage::Unknown {
                code: other,
                message: words,
                retry_after: None,
            }
            .into()),
            of(Error::Garbled("s3cr3t".to_owned())),
        ] {
            assert!(!told.contains("s3cr3t") && told.contains("***"), "{told}");
        }
    }
}
