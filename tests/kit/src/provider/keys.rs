//! What the provider signs with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};

/// A key of nobody, for tests only: making one takes longer than a test may.
const RSA: &[u8] = include_bytes!("rsa.der");

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// As most providers do.
    Rs256,
    /// With an elliptic curve.
    Es256,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
}

/// The key that signs, and its name.
pub(super) struct Keys {
    random: SystemRandom,
    pair: Pair,
    made: u32,
}

impl Keys {
    pub(super) fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        Ok(Self {
            pair: made(Algorithm::Es256, &random)?,
            random,
            made: 1,
        })
    }

    pub(super) fn rotate(&mut self, algorithm: Algorithm) -> anyhow::Result<()> {
        self.pair = made(algorithm, &self.random)?;
        self.made += 1;
        Ok(())
    }

    fn name(&self) -> String {
        format!("key-{}", self.made)
    }

    /// What everybody may know of it.
    pub(super) fn shown(&self) -> Value {
        let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let key = match &self.pair {
            Pair::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "alg": "RS256", "n": encoded(&public.n), "e": encoded(&public.e)})
            }
            Pair::Ecdsa(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": encoded(&point[1..33]), "y": encoded(&point[33..])})
            }
        };
        let mut key = key;
        key["kid"] = self.name().into();
        key["use"] = "sig".into();
        json!({"keys": [key]})
    }

    /// A token with these claims.
    pub(super) fn signed(&self, claims: &Value) -> anyhow::Result<String> {
        self.signed_with(&self.pair, claims)
    }

    /// The same with a key that nobody is shown.
    pub(super) fn forged(&self, claims: &Value) -> anyhow::Result<String> {
        self.signed_with(&made(Algorithm::Es256, &self.random)?, claims)
    }

    fn signed_with(&self, pair: &Pair, claims: &Value) -> anyhow::Result<String> {
        let algorithm = match pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ecdsa(_) => "ES256",
        };
        let body = body(
            &json!({"alg": algorithm, "kid": self.name(), "typ": "JWT"}),
            claims,
        );
        let failed = |_| anyhow::anyhow!("the key does not sign");
        let signature = match pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, body.as_bytes(), &mut signature)
                    .map_err(failed)?;
                signature
            }
            Pair::Ecdsa(pair) => pair
                .sign(&self.random, body.as_bytes())
                .map_err(failed)?
                .as_ref()
                .to_vec(),
        };
        Ok(format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A token that nobody has signed.
pub(super) fn unsigned(claims: &Value) -> String {
    format!("{}.", body(&json!({"alg": "none"}), claims))
}

/// A token that everybody can sign who knows the secret.
pub(super) fn by_secret(secret: &str, claims: &Value) -> String {
    let body = body(&json!({"alg": "HS256"}), claims);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        body.as_bytes(),
    );
    format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
}

fn body(header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encoded(header), encoded(claims))
}

fn made(algorithm: Algorithm, random: &SystemRandom) -> anyhow::Result<Pair> {
    let refused = |what: &dyn std::fmt::Display| anyhow::anyhow!("no key: {what}");
    Ok(match algorithm {
        Algorithm::Rs256 => Pair::Rsa(Box::new(
            RsaKeyPair::from_pkcs8(RSA).map_err(|error| refused(&error))?,
        )),
        Algorithm::Es256 => {
            let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let document = EcdsaKeyPair::generate_pkcs8(kind, random).map_err(|error| refused(&error))?;
            let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), random);
            Pair::Ecdsa(pair.map_err(|error| refused(&error))?)
        }
    })
}
