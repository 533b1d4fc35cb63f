//! Whether a push is Jiandaoyun's: its signature, and its age (docs/jiandaoyun-api.md §7).

use std::time::Duration;

use pipeline::webhook::is_same;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// Their clock may be ahead of ours by this much.
const AHEAD: Duration = Duration::from_secs(300);
/// What may stand before the digits of a signature; the vendor's own example has it.
const PREFIX: &str = "sha1=";
/// Times above this are milliseconds.
const LATEST_SECOND: i64 = 100_000_000_000;

/// What a push is signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) nonce: String,
    pub(super) timestamp: String,
}

impl Signed {
    /// From the part of the address behind the `?`.
    pub(super) fn read(query: &str) -> Self {
        let mut signed = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "nonce" => signed.nonce = value.into_owned(),
                "timestamp" => signed.timestamp = value.into_owned(),
                _ => {}
            }
        }
        signed
    }

    /// Whether one of these headers is the signature of this body; which one.
    pub(super) fn find<'a>(&self, secret: &str, body: &[u8], given: &[&'a str]) -> Option<&'a str> {
        let expected = self.of(secret, body);
        let bare = |text: &str| text.trim().trim_start_matches(PREFIX).to_ascii_lowercase();
        given
            .iter()
            .find(|text| is_same(bare(text).as_bytes(), expected.as_bytes()))
            .copied()
    }

    /// The signature in hexadecimal digits.
    pub(super) fn of(&self, secret: &str, body: &[u8]) -> String {
        let parts = [
            self.nonce.as_bytes(),
            body,
            secret.as_bytes(),
            self.timestamp.as_bytes(),
        ];
        hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &parts.join(&b':')).as_ref())
    }

    /// Whether it was signed no longer ago than this, and not in the future.
    pub(super) fn is_fresh(&self, now_ms: i64, most: Duration) -> bool {
        let Ok(signed) = self.timestamp.trim().parse::<i64>() else {
            return false;
        };
        let signed_ms = match signed > LATEST_SECOND {
            true => signed,
            false => signed.saturating_mul(1000),
        };
        let age = i128::from(now_ms) - i128::from(signed_ms);
        (-millis(AHEAD)..=millis(most)).contains(&age)
    }

    /// As long as it could be accepted once more.
    pub(super) fn lives(most: Duration) -> Duration {
        most + AHEAD
    }
}

fn millis(time: Duration) -> i128 {
    i128::try_from(time.as_millis()).unwrap_or(i128::MAX)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"op":"data_create","data":{"_id":"1"}}"#;

    /// `printf '%s' '0f5ade:{"op":"data_create","data":{"_id":"1"}}:test-secret:1498586609' | sha1sum`
    const RIGHT: &str = "3494807fca7b2199a01fbee66fc7df20629d3c09";

    fn signed() -> Signed {
        Signed::read("timestamp=1498586609&nonce=0f5ade&more=1")
    }

    #[test]
    fn the_documented_signature_is_accepted_in_every_dress() {
        for given in [
            RIGHT.to_owned(),
            RIGHT.to_uppercase(),
            format!("sha1={RIGHT}"),
            format!(" {RIGHT} "),
        ] {
            let found = signed().find("test-secret", BODY, &["an-event", &given]);
            assert_eq!(found, Some(given.as_str()));
        }
    }

    #[test]
    fn anything_else_is_forged() {
        let other = Signed::read("timestamp=1498586610&nonce=0f5ade");
        assert_eq!(other.find("test-secret", BODY, &[RIGHT]), None);
        assert_eq!(signed().find("other-secret", BODY, &[RIGHT]), None);
        assert_eq!(signed().find("test-secret", b"{}", &[RIGHT]), None);
        for given in ["", "sha1=", &RIGHT[..39], "undefined"] {
            assert_eq!(signed().find("test-secret", BODY, &[given]), None, "{given}");
        }
        assert_eq!(Signed::read("").find("test-secret", BODY, &[RIGHT]), None);
    }

    #[test]
    fn a_nonce_may_be_escaped() {
        let plain = Signed::read("nonce=a%2Bb%3D&timestamp=1");
        assert_eq!((plain.nonce.as_str(), plain.timestamp.as_str()), ("a+b=", "1"));
    }

    #[test]
    fn old_ones_and_those_of_the_future_are_stale() {
        let hour = Duration::from_secs(3600);
        let fresh = |timestamp: &str, now: i64| {
            let signed = Signed {
                timestamp: timestamp.to_owned(),
                ..Signed::default()
            };
            signed.is_fresh(now * 1000, hour)
        };
        let now = 1_764_320_000;
        for good in [now, now - 3600, now + 300] {
            assert!(fresh(&good.to_string(), now), "{good}");
            assert!(fresh(&(good * 1000).to_string(), now), "{good}");
        }
        for bad in ["", "now", "-1", "9223372036854775807"] {
            assert!(!fresh(bad, now), "{bad}");
        }
        assert!(!fresh(&(now - 3601).to_string(), now));
        assert!(!fresh(&(now + 301).to_string(), now));
    }
}
