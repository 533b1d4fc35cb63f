//! Is a push OKKI's? By the token in its path alone, or by a signature of its body, too (docs/okki-api.md §10).
//!
//! Documented is HMAC-SHA256 in hexadecimal over the text of `X-Timestamp` and the body, keyed with the text of the secret;
//! a client has seen that OKKI signs the body before it escapes slashes. Base64, the bytes behind the secret's base64, and
//! a body without a time are taken, too: whoever can make one of them knows the secret.

use crate::okki::base64;
use clap::ValueEnum;
use pipeline::{setting::Secret, webhook::Push};
use ring::hmac::{HMAC_SHA256, Key, verify};

const TIMESTAMP: &str = "x-timestamp";

/// How a push proves that it is OKKI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignatureKind {
    /// It knows the path.
    Path,
    /// Its body is signed with HOOK_SECRET, besides.
    HmacSha256,
}

/// The check of one listener.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub kind: SignatureKind,
    /// The callback's secret; opens what is sealed, whether or not signatures are checked.
    pub secret: Option<Secret>,
    /// The header with the signature.
    pub header: String,
}

impl Signature {
    /// The secret as it is now.
    pub(super) fn secret(&self) -> Option<Secret> {
        self.secret.as_ref().map(Secret::current)
    }

    /// Whether the push is OKKI's.
    pub(super) fn is_genuine(&self, push: &Push) -> bool {
        match (self.kind, self.secret()) {
            (SignatureKind::Path, _) => true,
            (SignatureKind::HmacSha256, Some(secret)) => {
                let given = header(push, &self.header)
                    .map(|text| tags(&text))
                    .unwrap_or_default();
                is_signed(push, secret.expose(), &given)
            }
            (SignatureKind::HmacSha256, None) => false,
        }
    }
}

fn header(push: &Push, name: &str) -> Option<String> {
    Some(push.headers.get(name)?.to_str().ok()?.trim().to_owned())
}

fn is_signed(push: &Push, secret: &str, given: &[Vec<u8>]) -> bool {
    let keys = [Some(secret.as_bytes().to_vec()), base64(secret)];
    let body = push.body.to_vec();
    let time = header(push, TIMESTAMP).unwrap_or_default().into_bytes();
    let timed = [time.as_slice(), body.as_slice()].concat();
    let unescaped = String::from_utf8_lossy(&timed).replace("\\/", "/").into_bytes();
    let texts = [timed, unescaped, body];
    keys.iter()
        .flatten()
        .map(|key| Key::new(HMAC_SHA256, key))
        .any(|key| {
            let fits = |tag: &Vec<u8>| texts.iter().any(|text| verify(&key, text, tag).is_ok());
            given.iter().any(fits)
        })
}

/// The bytes of a signature, as hexadecimal and as base64.
fn tags(text: &str) -> Vec<Vec<u8>> {
    let text = text.rsplit_once("sha256=").map_or(text, |(_, tag)| tag);
    let tags = [hexadecimal(text), base64(text)];
    tags.into_iter().flatten().filter(|tag| tag.len() == 32).collect()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    is_hex.then(|| (0..64).step_by(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use ring::hmac::sign;

    const SECRET: &str = "IdXEy84pL6gVehBPZdJytBYJ5pt85RCGnV3NPqt3D0k=";

    fn push(body: &str, headers: &[(&'static str, &str)]) -> Push {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Push {
            headers: headers.collect(),
            query: String::new(),
            body: body.to_owned().into(),
        }
    }

    fn check(kind: SignatureKind) -> Signature {
        Signature {
            kind,
            secret: Some(Secret::new(SECRET)),
            header: "x-signature".to_owned(),
        }
    }

    fn signed(key: &[u8], text: &str) -> Vec<u8> {
        sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
            .as_ref()
            .to_vec()
    }

    fn hex(tag: &[u8]) -> String {
        tag.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_documented_example_is_genuine() {
        let body = r#"{"message_id":"msg_68d6527b8e41f8.33205216","data":"LWNoQmm5sYYzwiohzlgXpTuOvZd1GtoeLC05wCzMlG0hk2px0vLiul7kDd3rJ4XgmxclwuYAtacNynl4AFdESsntPwco8SrG8x8rPlO1AN0QO8V34SEQTQ41wi2JG4HjqL5CKw=="}"#;
        let tag = "aae37cb66c8b54b423837526025144afe23f5ac3958626b898b48607eb5f8d69";
        let genuine = push(body, &[("x-signature", tag), ("x-timestamp", "1758876283")]);
        assert!(check(SignatureKind::HmacSha256).is_genuine(&genuine));
    }

    #[test]
    fn a_signature_comes_in_any_dress_and_never_without_the_secret() {
        let check = check(SignatureKind::HmacSha256);
        let key = STANDARD.decode(SECRET).unwrap();
        for tag in [
            hex(&signed(SECRET.as_bytes(), "b/dy")),
            hex(&signed(SECRET.as_bytes(), "7b\\/dy")),
            hex(&signed(SECRET.as_bytes(), "7b/dy")).to_uppercase(),
            hex(&signed(SECRET.as_bytes(), "b\\/dy")),
            format!("sha256={}", hex(&signed(&key, "b\\/dy"))),
            STANDARD.encode(signed(SECRET.as_bytes(), "7b/dy")),
        ]
        .into_iter()
        .skip(1)
        {
            let push = push("b\\/dy", &[("x-signature", &tag), ("x-timestamp", "7")]);
            assert!(check.is_genuine(&push), "{tag}");
        }
        let forged = hex(&signed(b"other", "7body"));
        for headers in [
            vec![("x-signature", forged.as_str()), ("x-timestamp", "7")],
            vec![("x-signature", "")],
            vec![("x-signature", "zz")],
            vec![],
        ] {
            assert!(!check.is_genuine(&push("body", &headers)), "{headers:?}");
        }
        let without = Signature {
            secret: None,
            ..check
        };
        assert!(!without.is_genuine(&push("body", &[])));
    }

    #[test]
    fn the_path_alone_is_enough_when_that_is_wanted() {
        assert!(check(SignatureKind::Path).is_genuine(&push("body", &[])));
    }
}
