//! Secrets of calls: the path's token, and how two secrets are compared.

use ring::hmac::{HMAC_SHA256, Key, sign, verify};

/// What the path begins with; the token follows.
const PREFIX: &str = "/hook/";

/// The path of the listener with this token.
#[must_use]
pub fn path(token: &str) -> String {
    format!("{PREFIX}{token}")
}

/// The token that a path names.
pub(super) fn token_of(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIX)
}

/// Whether two secrets are equal, in a time that tells nothing about either: their digests under a key that nobody knows
/// are compared.
#[must_use]
pub fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let key = Key::new(HMAC_SHA256, &rand::random::<[u8; 32]>());
    verify(&key, given, sign(&key, expected).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_secrets_are_the_same() {
        assert!(is_same(b"abc", b"abc"));
        for other in [&b"abx"[..], b"ab", b"abcd", b""] {
            assert!(!is_same(other, b"abc"));
        }
    }

    #[test]
    fn a_path_names_its_token() {
        assert_eq!(token_of(&path("t0ken")), Some("t0ken"));
        assert_eq!(token_of("/other/t0ken"), None);
    }
}
