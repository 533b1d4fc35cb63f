//! An OpenID provider of ours, small and honest unless it is told not to be: who signs in is chosen by a link.

mod answer;
mod keys;

pub use keys::Algorithm;

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use keys::Keys;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// What the desk is called at it.
pub const CLIENT: &str = "desk";
/// The desk's secret at it, which has to be escaped in a header.
pub const SECRET: &str = "s3cret: of+the/desk%";

/// Changes the claims of a token.
pub type Change = Box<dyn Fn(&mut Map<String, Value>) + Send>;

/// What the provider does wrong from now on.
#[derive(Default)]
pub struct Faults {
    /// Changes the claims of a token before it is signed.
    pub claims: Option<Change>,
    /// Tokens say `alg: none`, and nobody signs them.
    pub unsigned: bool,
    /// Tokens are signed with the client's secret, which is no key of the provider.
    pub by_secret: bool,
    /// Tokens are signed with a key that it does not show, under the name of one that it does.
    pub foreign_key: bool,
    /// This path leads elsewhere.
    pub redirect: Option<(&'static str, String)>,
    /// A code can be used again.
    pub codes_again: bool,
    /// Says that it is this one.
    pub issuer: Option<String>,
    /// `userinfo` speaks of somebody else.
    pub other_subject: bool,
}

/// What the provider is asked for a code.
struct Code {
    subject: String,
    nonce: String,
    challenge: String,
    back: String,
}

/// What it knows.
#[derive(Default)]
struct State {
    people: BTreeMap<String, Map<String, Value>>,
    codes: HashMap<String, Code>,
    /// Access token → subject.
    tokens: HashMap<String, String>,
    asked: Vec<String>,
    faults: Faults,
    /// Claims that only `userinfo` shows.
    thin: Vec<String>,
}

/// Shared by all answers.
#[derive(Clone)]
struct Shared {
    url: String,
    state: Arc<Mutex<State>>,
    keys: Arc<Mutex<Keys>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A provider that runs in this process.
pub struct Provider {
    /// Its issuer.
    pub url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// Starts one on this port; 0 takes a free one.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Shared {
            url: url.clone(),
            state: Arc::default(),
            keys: Arc::new(Mutex::new(Keys::new()?)),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(answer::discovery))
            .route("/keys", get(answer::keys))
            .route("/authorize", get(answer::authorize))
            .route("/as/{subject}", get(answer::signed_in))
            .route("/token", post(answer::token))
            .route("/userinfo", get(answer::userinfo))
            // A browser asks for it, and complains when it is missing.
            .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
            .with_state(shared.clone());
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url, shared, task })
    }

    /// Somebody who can sign in, with what is said of them.
    pub fn add(&self, subject: &str, claims: Value) {
        let claims = claims.as_object().cloned().unwrap_or_default();
        self.shared.lock().people.insert(subject.to_owned(), claims);
    }

    /// What it does wrong from now on.
    pub fn fails(&self, faults: Faults) {
        self.shared.lock().faults = faults;
    }

    /// Tokens hold no longer what these claims say, `userinfo` does.
    pub fn keeps_for_userinfo(&self, claims: &[&str]) {
        self.shared.lock().thin = claims.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Signs with a new key of this kind, and forgets the ones of before.
    pub fn rotate(&self, algorithm: Algorithm) -> anyhow::Result<()> {
        let mut keys = self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.rotate(algorithm)
    }

    /// The paths that were asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared.lock().asked.clone()
    }
}
