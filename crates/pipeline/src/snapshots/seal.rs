//! The keys of SNAPSHOT_KEY, which encrypt kept snapshots: AES-256-GCM, with the id of the key before each of them.

use super::unusable::Unusable;
use crate::setting::{ConfigError, Secret};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256},
    rand::{SecureRandom, SystemRandom},
};
use std::{fmt, sync::Arc};

/// Bytes of a key's id.
const ID: usize = 4;

type Id = [u8; ID];

/// The keys; the first one seals, all of them open.
#[derive(Clone, Default)]
pub struct SnapshotKeys(Arc<Vec<(Id, LessSafeKey)>>);

impl SnapshotKeys {
    /// Reads keys of 32 bytes in Base64, separated by commas.
    ///
    /// # Errors
    /// When one of them is no such key; it is not shown.
    pub fn read(secret: Option<&Secret>) -> Result<Self, ConfigError> {
        let Some(secret) = secret else {
            return Ok(Self::default());
        };
        let texts = secret.expose().split(',').map(str::trim);
        let keys: Option<Vec<[u8; 32]>> = texts
            .map(|text| STANDARD.decode(text).ok()?.try_into().ok())
            .collect();
        keys.and_then(|keys| Self::of(&keys)).ok_or_else(|| {
            ConfigError::new(
                "SNAPSHOT_KEY",
                words::text!("is not one or several keys of 32 bytes in Base64, separated by commas"),
                words::text!("make one: `openssl rand -base64 32`"),
            )
        })
    }

    /// `None` only if the cipher refuses its own key length.
    pub(super) fn of(keys: &[[u8; 32]]) -> Option<Self> {
        let keys = keys.iter().map(|bytes| {
            let key = UnboundKey::new(&AES_256_GCM, bytes).ok()?;
            Some((id(bytes), LessSafeKey::new(key)))
        });
        Some(Self(Arc::new(keys.collect::<Option<Vec<_>>>()?)))
    }

    /// Nothing is sealed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `id ‖ nonce ‖ ciphertext ‖ tag`; `None` without a key or without randomness.
    pub(super) fn seal(&self, place: &[u8], mut body: Vec<u8>) -> Option<Vec<u8>> {
        let (id, key) = self.0.first()?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut body)
            .ok()?;
        Some([id.as_slice(), &nonce, &body].concat())
    }

    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unusable> {
        let (id, rest) = sealed.split_at_checked(ID).ok_or(Unusable::Damaged)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unusable::Damaged)?;
        let key = self.0.iter().find(|(known, _)| known == id);
        let (_, key) = key.ok_or_else(|| match self.is_empty() {
            true => Unusable::NoKey(shown(id)),
            false => Unusable::OtherKey(shown(id)),
        })?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unusable::Damaged)?;
        let plain = key.open_in_place(nonce, Aad::from(place), &mut body);
        plain.map(|plain| plain.to_vec()).map_err(|_| Unusable::Damaged)
    }
}

/// Says which key it is and nothing of it.
fn id(key: &[u8; 32]) -> Id {
    let mut hash = Context::new(&SHA256);
    hash.update(b"okki snapshot key id 1");
    hash.update(key);
    let mut id = [0; ID];
    let digest = hash.finish();
    for (to, from) in id.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    id
}

fn shown(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for SnapshotKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(id, _)| shown(id)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_never_shown() {
        let one = STANDARD.encode([7; 32]);
        let read = |text: &str| SnapshotKeys::read(Some(&Secret::new(text)));
        assert!(SnapshotKeys::read(None).unwrap().is_empty());
        let two = read(&format!("{one}, {}", STANDARD.encode([8; 32]))).unwrap();
        assert_eq!(two.0.len(), 2);
        assert!(!format!("{two:?}").contains(&one));
        for wrong in ["hunter2", &STANDARD.encode([7; 16]), &format!("{one},")] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(
                error.contains("SNAPSHOT_KEY") && !error.contains(wrong),
                "{error}"
            );
        }
    }
}
