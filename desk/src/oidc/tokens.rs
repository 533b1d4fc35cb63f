//! The provider's tokens: what they may hold, and what is checked before a word of them is believed.

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IdTokenVerifier, Nonce,
    OAuth2TokenResponse, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Clocks may differ so much.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Whoever has the public key can check these, and nobody else can make them. `none` and those that a shared secret signs are
/// not among them, whatever the provider says of itself.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims that the standard does not know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

/// What the provider gives for a code.
pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// What the provider says when it gives nothing.
pub(super) type TokenRefusal = StandardErrorResponse<CoreErrorResponseType>;

/// The desk as a client of the provider.
pub(super) type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    TokenRefusal,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a token is not believed.
pub(super) enum Distrust {
    /// The provider may have other keys by now.
    Key(anyhow::Error),
    /// Nothing that newer keys would change.
    Token(anyhow::Error),
}

impl From<ClaimsVerificationError> for Distrust {
    fn from(error: ClaimsVerificationError) -> Self {
        use SignatureVerificationError::{AmbiguousKeyId, CryptoError, NoMatchingKey};
        match &error {
            // It is said which, not what: both are secrets of a sign-in.
            ClaimsVerificationError::InvalidNonce(_) => {
                Self::Token(anyhow!("the token is one of another sign-in (nonce)"))
            }
            ClaimsVerificationError::SignatureVerification(
                cause @ (AmbiguousKeyId(_) | CryptoError(_) | NoMatchingKey),
            ) => Self::Key(anyhow!("signature: {cause}")),
            ClaimsVerificationError::SignatureVerification(cause) => {
                Self::Token(anyhow!("signature: {cause}"))
            }
            other => Self::Token(anyhow!("{other}")),
        }
    }
}

/// The subject and all claims of the token, after everything about it was checked: who has signed it, for whom, when, and for
/// which sign-in.
pub(super) fn checked(
    metadata: &CoreProviderMetadata,
    client_id: &str,
    tokens: &Tokens,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<(String, Value), Distrust> {
    let Some(token) = tokens.extra_fields().id_token() else {
        return Err(Distrust::Token(anyhow!("the provider has given no ID token")));
    };
    let client_id = ClientId::new(client_id.to_owned());
    // As a public client: no signature with a shared secret is taken.
    let verifier = IdTokenVerifier::new_public_client(
        client_id.clone(),
        metadata.issuer().clone(),
        metadata.jwks().clone(),
    )
    .set_allowed_algs(ALGORITHMS)
    .set_time_fn(move || now - LEEWAY)
    .set_issue_time_verifier_fn(move |issued| match issued > now + LEEWAY {
        true => Err("issued in the future".to_owned()),
        false => Ok(()),
    });
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    let authorized = claims.authorized_party();
    if authorized.is_some_and(|party| *party != client_id) {
        return Err(Distrust::Token(anyhow!(
            "the token is one for another client (azp)"
        )));
    }
    if let Some(hash) = claims.access_token_hash() {
        let own = || {
            let (algorithm, key) = (token.signing_alg()?, token.signing_key(&verifier)?);
            anyhow::Ok(AccessTokenHash::from_token(
                tokens.access_token(),
                algorithm,
                key,
            )?)
        };
        if own().map_err(Distrust::Token)? != *hash {
            return Err(Distrust::Token(anyhow!(
                "the token is one beside another access token (at_hash)"
            )));
        }
    }
    begun(&claims.additional_claims().all, now).map_err(Distrust::Token)?;
    let all = serde_json::to_value(claims).map_err(|error| Distrust::Token(error.into()))?;
    Ok((claims.subject().as_str().to_owned(), all))
}

/// The standard leaves it to us whether a token has begun to serve.
fn begun(others: &Map<String, Value>, now: DateTime<Utc>) -> anyhow::Result<()> {
    let Some(from) = others.get("nbf") else {
        return Ok(());
    };
    let Some(from) = from.as_f64() else {
        return Err(anyhow!("nbf is no time"));
    };
    let latest = now + LEEWAY;
    match from <= latest.timestamp() as f64 {
        true => Ok(()),
        false => Err(anyhow!("the token serves later only (nbf)")),
    }
}
