//! Vendors' keys on their way from the desk to the program that needs them: sealed so that only that program can open them.
//!
//! A sealed box of NaCl (X25519, XSalsa20-Poly1305; crate `crypto_box`). Whoever reads Redis sees neither keys nor whose they are.

use crate::setting::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_box::{PublicKey, SecretKey, aead::OsRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of a key, private or public.
const KEY: usize = 32;
/// Bytes of what may be handed over, in Base64.
const LONGEST: usize = 16 * 1024;

/// Why something was not sealed, or cannot be opened; says nothing of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::tr!("it is not sealed for this program; reload the page and type the keys again"))]
pub struct NotSealed;

/// Settings that nobody but one program may read, on their way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// The public half of a program's key: what is sealed with it, that program opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealingKey(String);

impl SealingKey {
    /// Seals settings by the names of their variables.
    ///
    /// # Errors
    /// When the key is none, or there is no randomness.
    pub fn seal(&self, settings: &BTreeMap<String, Secret>) -> Result<Sealed, NotSealed> {
        let bytes: [u8; KEY] = STANDARD
            .decode(&self.0)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NotSealed)?;
        let plain: BTreeMap<&str, &str> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let plain = serde_json::to_vec(&plain).map_err(|_| NotSealed)?;
        let sealed = PublicKey::from(bytes).seal(&mut OsRng, &plain);
        sealed
            .map(|sealed| Sealed(STANDARD.encode(sealed)))
            .map_err(|_| NotSealed)
    }
}

impl Sealed {
    /// It is short enough to be kept in Redis.
    pub(crate) fn is_bounded(&self) -> bool {
        self.0.len() <= LONGEST
    }
}

/// The private half, which never leaves its program.
#[derive(Clone)]
pub(super) struct OpeningKey(SecretKey);

impl OpeningKey {
    pub(super) fn new() -> Self {
        Self(SecretKey::generate(&mut OsRng))
    }

    /// As [`Self::written`] wrote it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; KEY] = STANDARD.decode(text.trim()).ok()?.try_into().ok()?;
        Some(Self(SecretKey::from(bytes)))
    }

    pub(super) fn written(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0.to_bytes()))
    }

    pub(super) fn public(&self) -> SealingKey {
        SealingKey(STANDARD.encode(self.0.public_key().as_bytes()))
    }

    pub(super) fn open(&self, sealed: &Sealed) -> Result<BTreeMap<String, Secret>, NotSealed> {
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| NotSealed)?;
        let plain = self.0.unseal(&bytes).map_err(|_| NotSealed)?;
        let plain: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(|_| NotSealed)?;
        Ok(plain
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_program_that_it_is_sealed_for_opens_it() {
        let (mine, others) = (OpeningKey::new(), OpeningKey::new());
        let settings = BTreeMap::from([("FORM_KEY".to_owned(), Secret::new("密钥 s3cret"))]);
        let sealed = mine.public().seal(&settings).unwrap();
        assert!(!format!("{sealed:?}").contains("s3cret"));
        assert_eq!(mine.open(&sealed).unwrap(), settings);
        assert_eq!(others.open(&sealed), Err(NotSealed));
        let again = OpeningKey::read(mine.written().expose()).unwrap();
        assert_eq!(again.open(&sealed).unwrap(), settings);
    }

    #[test]
    fn what_is_no_key_and_no_box_is_refused() {
        assert_eq!(SealingKey("x".into()).seal(&BTreeMap::new()), Err(NotSealed));
        assert!(OpeningKey::read("AAAA").is_none());
        for wrong in ["", "!", "AAAA", &STANDARD.encode([7; 80])] {
            assert_eq!(
                OpeningKey::new().open(&Sealed(wrong.into())),
                Err(NotSealed),
                "{wrong}"
            );
        }
    }
}
