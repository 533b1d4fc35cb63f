//! Random secrets that people and browsers hold, and the digests that are kept of them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::Rng;
use sha2::{Digest, Sha256};

/// 256 random bits as text.
pub(crate) fn random() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a random secret: who reads the file cannot use it.
pub(crate) fn digest(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// The token of a session's forms. It follows from the session's secret, which no other page knows.
pub(crate) fn form_token(secret: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"okki desk forms ");
    hash.update(secret);
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Compares without saying by the time it takes where two texts differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_what_follows_from_them_is_another_text() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_ne!(form_token(&one), digest(&one));
        assert!(same(&form_token(&one), &form_token(&one)) && !same(&one, &other));
    }
}
