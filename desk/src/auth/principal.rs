//! Who is asking.

use super::{People, Role, secret, store};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// The name in the audit log.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// How they came in.
    pub(crate) via: Via,
    /// What their forms have to carry.
    pub(crate) form_token: String,
    /// What they came in with, to see whether it still serves.
    pub(crate) credential: Credential,
}

/// The secret of a session or of a token; never shown.
#[derive(Clone, Default)]
pub(crate) struct Credential(String);

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Via {
    /// From this machine, where no sign-in is asked for.
    Loopback,
    /// By name and password.
    Session,
    /// By an OpenID provider.
    Provider,
    /// By a token of the API; no browser sends it by itself.
    Token,
    /// By the header of a proxy that has signed them in.
    Proxy,
}

impl Principal {
    /// One whose forms follow from a secret of the browser or of this process.
    pub(crate) fn new(name: impl Into<String>, role: Role, via: Via, secret: &str) -> Self {
        Self {
            name: name.into(),
            role,
            via,
            form_token: secret::form_token(secret),
            credential: Credential(match via {
                Via::Session | Via::Provider | Via::Token => secret.to_owned(),
                Via::Loopback | Via::Proxy => String::new(),
            }),
        }
    }

    /// Whether they would be let in again, with the same role.
    ///
    /// # Errors
    /// When the file of people does not serve.
    pub(crate) fn is_still(&self, people: &People, now: i64) -> Result<bool, store::Error> {
        let Credential(secret) = &self.credential;
        let found = match self.via {
            Via::Session => people.session(secret, now)?,
            Via::Provider => people.identity(secret, now)?,
            Via::Token => people.token(secret, now)?,
            Via::Loopback | Via::Proxy => return Ok(true),
        };
        Ok(found.is_some_and(|(_, role)| role == self.role))
    }

    /// Whether they may do what this role may.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Whether a browser says who they are without being asked, so that another page could make it call.
    pub(crate) fn needs_form_token(&self) -> bool {
        self.via != Via::Token
    }
}
