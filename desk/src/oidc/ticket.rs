//! What ties a sign-in to the browser that has begun it: state, nonce and PKCE verifier follow from a cookie that only this
//! browser has and a secret that only this process has, so nothing has to be kept for those who never come back.

use crate::auth::secret;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Somebody may take so long to sign in at the provider, milliseconds.
const LASTS_MS: i64 = 10 * 60 * 1_000;
/// Sign-ins that are remembered as used.
const MOST: usize = 10_000;
/// A longer way back is not kept.
const LONGEST_NEXT: usize = 600;

/// Makes tickets, and takes each of them once.
pub(crate) struct Tickets {
    key: hmac::Key,
    /// Those that were taken, and when they began.
    taken: Mutex<HashMap<String, i64>>,
}

/// One sign-in of one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// What the provider gives back.
    pub(crate) state: String,
    /// What the provider's token has to hold.
    pub(crate) nonce: String,
    /// What only we can show to the provider.
    pub(crate) verifier: String,
    /// Where to go afterwards.
    pub(crate) next: String,
}

/// The part of a state that is read again.
#[derive(Serialize, Deserialize)]
struct Stub {
    #[serde(rename = "t")]
    begun_at: i64,
    #[serde(rename = "s")]
    salt: String,
    #[serde(rename = "n")]
    next: String,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret::random().as_bytes()),
            taken: Mutex::default(),
        }
    }
}

impl Tickets {
    /// A new one for the browser that has this cookie.
    pub(crate) fn make(&self, cookie: &str, next: &str, now: i64) -> Ticket {
        let next = if next.len() > LONGEST_NEXT { "/" } else { next };
        let stub = Stub {
            begun_at: now,
            salt: secret::random(),
            next: next.to_owned(),
        };
        let stub = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&stub).unwrap_or_default());
        let seal = self.derived("state", cookie, &stub);
        Ticket {
            state: format!("{stub}.{seal}"),
            nonce: self.derived("nonce", cookie, &stub),
            verifier: self.derived("verifier", cookie, &stub),
            next: next.to_owned(),
        }
    }

    /// The ticket of a state that has come back, once; `None`: it is one of another browser, too old, or used.
    pub(crate) fn take(&self, cookie: &str, state: &str, now: i64) -> Option<Ticket> {
        let (stub, seal) = state.split_once('.')?;
        if !secret::same(seal, &self.derived("state", cookie, stub)) {
            return None;
        }
        let read: Stub = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(stub).ok()?).ok()?;
        if !(0..=LASTS_MS).contains(&(now - read.begun_at)) {
            return None;
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, begun_at| now - *begun_at <= LASTS_MS);
        if taken.len() >= MOST {
            // The provider takes no code twice either; nobody else is kept out by who fills this.
            let oldest = taken.iter().min_by_key(|(_, begun_at)| **begun_at);
            if let Some(oldest) = oldest.map(|(salt, _)| salt.clone()) {
                taken.remove(&oldest);
            }
        }
        if taken.insert(read.salt, read.begun_at).is_some() {
            return None;
        }
        Some(Ticket {
            state: state.to_owned(),
            nonce: self.derived("nonce", cookie, stub),
            verifier: self.derived("verifier", cookie, stub),
            next: read.next,
        })
    }

    fn derived(&self, what: &str, cookie: &str, stub: &str) -> String {
        let tag = hmac::sign(&self.key, format!("{what} {cookie} {stub}").as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_serves_its_own_browser_once_and_not_for_long() {
        let tickets = Tickets::default();
        let ticket = tickets.make("cookie", "/dead?where=a", 1_000);
        assert_eq!(ticket.verifier.len(), 43, "as long as PKCE asks for");
        assert_ne!(ticket.nonce, ticket.verifier);
        assert_eq!(tickets.take("another", &ticket.state, 1_001), None);
        assert_eq!(tickets.take("cookie", &ticket.state, 1_001 + LASTS_MS), None);
        assert_eq!(tickets.take("cookie", &ticket.state, 999), None);
        assert_eq!(tickets.take("cookie", &ticket.state, 1_001), Some(ticket.clone()));
        assert_eq!(tickets.take("cookie", &ticket.state, 1_002), None, "used");
        let other = Tickets::default();
        assert_eq!(
            other.take("cookie", &ticket.state, 1_001),
            None,
            "another process"
        );
    }

    #[test]
    fn nobody_changes_where_a_state_leads() {
        let tickets = Tickets::default();
        let ticket = tickets.make("cookie", "/", 1_000);
        let (_, seal) = ticket.state.split_once('.').unwrap();
        let evil = BASE64_URL_SAFE_NO_PAD.encode(r#"{"t":1000,"s":"x","n":"//evil"}"#);
        for state in [
            format!("{evil}.{seal}"),
            evil.clone(),
            String::new(),
            ".".into(),
            format!("{evil}."),
        ] {
            assert_eq!(tickets.take("cookie", &state, 1_001), None, "{state}");
        }
        assert_eq!(tickets.make("cookie", &"/x".repeat(400), 1).next, "/");
    }
}
