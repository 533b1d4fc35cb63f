//! Signing in at an OpenID provider: authorization code with PKCE, and nothing that a browser brings back is believed by itself.
//!
//! `config` holds what is set, `ticket` ties a sign-in to the browser that has begun it, `provider` talks to the provider and
//! checks what it says, `claims` finds a name and a role in it. Who is let in gets a session as local people do.

mod claims;
pub(crate) mod config;
mod http;
mod provider;
mod ticket;
mod tokens;

pub(crate) use claims::Visitor;
pub(crate) use config::OidcConfig;
pub(crate) use provider::Provider;
pub(crate) use ticket::{Ticket, Tickets};

/// Why somebody was not let in. Nothing in it is a secret, or was said by a browser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refused {
    /// The provider is away, or is none.
    #[error("{}", words::tr!("{host} does not answer as a sign-in provider; try again, or use name and password"))]
    Away {
        /// The provider.
        host: String,
        /// What has happened, for the log.
        #[source]
        cause: anyhow::Error,
    },
    /// The code is none of this provider, was used before, or the client is unknown there.
    #[error("{}", words::tr!("{host} does not confirm the sign-in; begin again"))]
    Code {
        /// The provider.
        host: String,
        /// What has happened, for the log.
        #[source]
        cause: anyhow::Error,
    },
    /// What it says about the person is not to be trusted.
    #[error("{}", words::tr!("what {host} says about you cannot be trusted; the desk's log says why"))]
    Untrusted {
        /// The provider.
        host: String,
        /// What has happened, for the log.
        #[source]
        cause: anyhow::Error,
    },
    /// The provider has sent the person back.
    #[error("{}", words::tr!("{host} has not signed you in ({code})"))]
    Declined {
        /// The provider.
        host: String,
        /// Its word for the reason.
        code: String,
    },
    /// Another browser has begun it, or nobody has lately.
    #[error("{}", words::text!("this sign-in was begun in another browser or too long ago; begin again"))]
    Stale,
    /// Known there, and not meant to be here.
    #[error("{}", words::tr!("{host} knows you, but has given you no role for this desk; ask whoever manages its groups"))]
    NoRole {
        /// The provider.
        host: String,
        /// Who they are there.
        subject: String,
    },
}
