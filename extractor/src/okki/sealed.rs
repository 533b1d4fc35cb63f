//! The seal on what OKKI's webhook pushes: AES-256-GCM under the secret of the callback (docs/okki-api.md §10).

use base64::{Engine, alphabet, engine};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const TAG: usize = 16;
/// With or without padding.
const CONFIG: engine::GeneralPurposeConfig =
    engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
const STANDARD: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Bytes from base64 of either alphabet.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// What was sealed: the nonce, then the tag, then the rest; `None` when it was not this secret.
pub(super) fn open(sealed: &str, secret: &str) -> Option<String> {
    let key = UnboundKey::new(&AES_256_GCM, &base64(secret)?).ok()?;
    let sealed = base64(&sealed.replace(['\r', '\n'], ""))?;
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
    let (tag, content) = rest.split_at_checked(TAG)?;
    let mut content = [content, tag].concat();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let opened = LessSafeKey::new(key)
        .open_in_place(nonce, Aad::empty(), &mut content)
        .ok()?;
    String::from_utf8(opened.to_vec()).ok()
}
