//! The provider: found out about when somebody wants to sign in, not before, and asked again when what is known grows old.

use super::{
    OidcConfig, Refused, Ticket, Tickets, Visitor,
    config::is_safe,
    http,
    tokens::{Client, Distrust, Others, TokenRefusal, Tokens, checked},
};
use anyhow::{Context, anyhow};
use chrono::DateTime;
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl,
    JsonWebKeySet, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SubjectIdentifier, UserInfoClaims,
    core::{CoreAuthPrompt, CoreClientAuthMethod, CoreGenderClaim, CoreProviderMetadata, CoreResponseType},
};
use pipeline::{cause::chain, http::HttpConfig};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;
use url::Url;

/// What a provider says of itself serves so long.
const SERVES: Duration = Duration::from_secs(60 * 60);
/// One that was away a moment ago is not asked again for everybody who comes meanwhile.
const REST: Duration = Duration::from_secs(2);

/// A provider at which people sign in.
pub(crate) struct Provider {
    config: OidcConfig,
    http: pipeline::http::Client,
    tickets: Tickets,
    known: Mutex<Known>,
}

/// What is known of it.
#[derive(Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Instant)>,
    /// When it was away last, and why.
    failed: Option<(Instant, String)>,
}

impl Provider {
    /// One that is not asked yet.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub(crate) fn new(config: OidcConfig, http: &HttpConfig) -> Result<Self, pipeline::http::Error> {
        Ok(Self {
            config,
            http: pipeline::http::Client::without_redirects(http.clone())?,
            tickets: Tickets::default(),
            known: Mutex::default(),
        })
    }

    /// The provider's name, for people.
    pub(crate) fn host(&self) -> String {
        self.config.host()
    }

    /// What makes its subjects differ from those of other providers.
    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer_text
    }

    /// Where browsers reach the desk, if that is set.
    pub(crate) fn public_url(&self) -> Option<&Url> {
        self.config.public_url.as_ref()
    }

    /// The ticket of a state that has come back with this cookie.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn take(&self, cookie: Option<&str>, state: &str, now: i64) -> Result<Ticket, Refused> {
        let taken = cookie.and_then(|cookie| self.tickets.take(cookie, state, now));
        taken.ok_or(Refused::Stale)
    }

    /// Where the browser of this cookie goes to sign in; `anew`: even if the provider knows somebody there already.
    ///
    /// # Errors
    /// When the provider is away.
    pub(crate) async fn begin(
        &self,
        cookie: &str,
        next: &str,
        back: RedirectUrl,
        anew: bool,
        now: i64,
    ) -> Result<Url, Refused> {
        let metadata = self.metadata().await?;
        let Ticket {
            state,
            nonce,
            verifier,
            ..
        } = self.tickets.make(cookie, next, now);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier));
        let client = self.client(&metadata, back);
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(challenge)
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new));
        if anew {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        Ok(request.url().0)
    }

    /// Who has come back with this code.
    ///
    /// # Errors
    /// When the provider does not confirm it, is not to be believed, or has no role for them.
    pub(crate) async fn complete(
        &self,
        ticket: &Ticket,
        code: &str,
        back: RedirectUrl,
        now: i64,
    ) -> Result<Visitor, Refused> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, back);
        let tokens = self.exchange(&client, ticket, code).await?;
        let now = DateTime::from_timestamp_millis(now).unwrap_or_default();
        let check = |metadata: &CoreProviderMetadata| {
            checked(metadata, &self.config.client_id, &tokens, &ticket.nonce, now)
        };
        let believed = match check(&metadata) {
            // Perhaps it has new keys since.
            Err(Distrust::Key(_)) => check(&*self.with_new_keys(&metadata).await?),
            other => other,
        };
        let (subject, mut claims) = believed.map_err(|distrust| match distrust {
            Distrust::Key(cause) | Distrust::Token(cause) => self.untrusted(cause),
        })?;
        if !self.config.roles.are_said(&claims) {
            self.ask_for_more(&client, &tokens, &subject, &mut claims).await?;
        }
        Visitor::of(&self.config, &subject, &claims).ok_or_else(|| Refused::NoRole {
            host: self.host(),
            subject: subject.clone(),
        })
    }

    async fn exchange(&self, client: &Client, ticket: &Ticket, code: &str) -> Result<Tokens, Refused> {
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| self.away(error.into()))?
            .set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier.clone()));
        let http = |request| http::call(self.http.clone(), request);
        let given: Result<Tokens, RequestTokenError<http::Error, TokenRefusal>> =
            request.request_async(&http).await;
        given.map_err(|error| match error {
            RequestTokenError::Request(error) => self.away(error.into()),
            RequestTokenError::ServerResponse(refusal) => Refused::Code {
                host: self.host(),
                cause: anyhow!("{}", pipeline::mask::printable(&refusal.to_string())),
            },
            // What stands there may be a token.
            RequestTokenError::Parse(error, _) => {
                self.untrusted(anyhow!("the answer cannot be read at {}", error.path()))
            }
            RequestTokenError::Other(what) => self.untrusted(anyhow!(what)),
        })
    }

    /// Some providers show groups to those only who ask for them with the access token.
    async fn ask_for_more(
        &self,
        client: &Client,
        tokens: &Tokens,
        subject: &str,
        claims: &mut Value,
    ) -> Result<(), Refused> {
        let token = tokens.access_token();
        let subject = Some(SubjectIdentifier::new(subject.to_owned()));
        let Ok(request) = client.user_info(token.clone(), subject) else {
            return Ok(());
        };
        if !token.secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.untrusted(anyhow!("the access token is no text")));
        }
        let http = |request| http::call(self.http.clone(), request);
        let more: UserInfoClaims<Others, CoreGenderClaim> = request
            .request_async(&http)
            .await
            // What stands behind the first sentence may be what it says about the person.
            .map_err(|error| self.untrusted(anyhow!("userinfo: {error}")))?;
        let more = serde_json::to_value(more).map_err(|error| self.untrusted(error.into()))?;
        if let (Some(known), Value::Object(more)) = (claims.as_object_mut(), more) {
            for (name, value) in more {
                known.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    fn client(&self, metadata: &CoreProviderMetadata, back: RedirectUrl) -> Client {
        let secret = self.config.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.current().expose().to_owned()));
        let client = Client::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.config.client_id.clone()),
            secret,
        );
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_header = methods.is_none_or(|all| all.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client = client.set_auth_type(match in_header {
            true => AuthType::BasicAuth,
            false => AuthType::RequestBody,
        });
        client.set_redirect_uri(back)
    }

    /// What the provider says of itself, not older than an hour unless it is away.
    async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, Refused> {
        let mut known = self.known.lock().await;
        let fresh = known.metadata.as_ref().filter(|(_, at)| at.elapsed() < SERVES);
        if let Some((metadata, _)) = fresh {
            return Ok(Arc::clone(metadata));
        }
        let failed = known.failed.as_ref().filter(|(at, _)| at.elapsed() < REST);
        if let Some((_, why)) = failed {
            let old = known.metadata.as_ref().map(|(old, _)| Arc::clone(old));
            return old.ok_or_else(|| self.away(anyhow!("{why}")));
        }
        match self.discover().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((Arc::clone(&metadata), Instant::now()));
                known.failed = None;
                Ok(metadata)
            }
            Err(error) => {
                let why = format!("{error:#}");
                known.failed = Some((Instant::now(), why));
                match &known.metadata {
                    Some((old, _)) => Ok(Arc::clone(old)),
                    None => Err(self.away(error)),
                }
            }
        }
    }

    async fn discover(&self) -> anyhow::Result<CoreProviderMetadata> {
        let issuer = IssuerUrl::new(self.config.issuer_text.clone())?;
        let http = |request| http::call(self.http.clone(), request);
        let found = CoreProviderMetadata::discover_async(issuer, &http).await;
        let metadata = found.map_err(|error| anyhow!("discovery: {}", chain(&error)))?;
        let leads = metadata.authorization_endpoint().url();
        if !is_safe(leads) {
            return Err(anyhow!("discovery: it sends people to an address without TLS"));
        }
        metadata
            .token_endpoint()
            .context("discovery: it has no token endpoint")?;
        Ok(metadata)
    }

    /// The same with the keys that it has now.
    async fn with_new_keys(
        &self,
        metadata: &CoreProviderMetadata,
    ) -> Result<Arc<CoreProviderMetadata>, Refused> {
        let http = |request| http::call(self.http.clone(), request);
        let keys = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &http).await;
        let keys = keys.map_err(|error| self.away(anyhow!("keys: {}", chain(&error))))?;
        let renewed = Arc::new(metadata.clone().set_jwks(keys));
        let mut known = self.known.lock().await;
        if let Some((metadata, _)) = &mut known.metadata {
            *metadata = Arc::clone(&renewed);
        }
        Ok(renewed)
    }

    fn away(&self, cause: anyhow::Error) -> Refused {
        Refused::Away {
            host: self.host(),
            cause,
        }
    }

    fn untrusted(&self, cause: anyhow::Error) -> Refused {
        Refused::Untrusted {
            host: self.host(),
            cause,
        }
    }
}
