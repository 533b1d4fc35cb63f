//! Encrypts the token that replicas share through Redis, with a key that only holders of the client secret have.
//!
//! AES-256-GCM with a random nonce; the Redis key is authenticated with it, so that a sealed token cannot be moved
//! to another account. Who reads Redis learns nothing; who changes it makes the replicas ask for a new token.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256},
    rand::{SecureRandom, SystemRandom},
};

/// Seals and opens shared tokens.
pub(super) struct Seal {
    key: LessSafeKey,
    place: String,
}

impl Seal {
    /// A seal for one account, stored at `place`. `None` only if the cipher refuses its own key length.
    pub(super) fn new(client_id: &str, secret: &str, place: &str) -> Option<Self> {
        let mut hash = Context::new(&SHA256);
        for part in ["okki token seal 1", client_id, secret] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let key = UnboundKey::new(&AES_256_GCM, hash.finish().as_ref()).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
            place: place.to_owned(),
        })
    }

    /// `nonce ‖ ciphertext ‖ tag`; `None` when the system has no randomness.
    pub(super) fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut body = plain.to_vec();
        let aad = Aad::from(self.place.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .ok()?;
        Some([nonce.as_slice(), &body].concat())
    }

    /// The text that was sealed; `None` for anything that this account did not seal.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(self.place.as_bytes()), &mut body)
            .ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_account_and_place_opens() {
        let seal = Seal::new("id", "secret", "{okki}:token").unwrap();
        let sealed = seal.seal(b"token").unwrap();
        assert_eq!(seal.open(&sealed).as_deref(), Some(&b"token"[..]));
        assert!(!sealed.windows(5).any(|bytes| bytes == b"token"));
        for other in [
            ("id", "other", "{okki}:token"),
            ("i", "dsecret", "{okki}:token"),
            ("id", "secret", "x"),
        ] {
            assert!(
                Seal::new(other.0, other.1, other.2)
                    .unwrap()
                    .open(&sealed)
                    .is_none()
            );
        }
        assert!(seal.open(b"short").is_none());
        assert!(seal.open(&[0; 64]).is_none());
    }
}
