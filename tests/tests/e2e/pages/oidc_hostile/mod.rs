//! Signing in at a provider that lies, is imitated, or sends people elsewhere; and browsers that bring back what is not theirs.

mod browsers;
mod said;

use super::Scene;
use super::oidc::desk_of;
use kit::provider::{Faults, Provider};
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

/// Each visitor has an address, so that failures of one keep no other waiting.
static VISITORS: AtomicU8 = AtomicU8::new(1);

/// A browser without a screen: it keeps cookies, and follows only where it is told to.
struct Visitor {
    client: Client,
    cookies: BTreeMap<String, String>,
    from: String,
}

struct Seen {
    status: StatusCode,
    leads: String,
    text: String,
}

impl Visitor {
    fn new() -> Self {
        kit::http::client();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            cookies: BTreeMap::new(),
            from: format!("192.0.2.{}", VISITORS.fetch_add(1, Ordering::Relaxed)),
        }
    }

    async fn get(&mut self, url: &str) -> Seen {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let sent = self
            .client
            .get(url)
            .header("x-forwarded-for", &self.from)
            .header(header::ACCEPT_LANGUAGE, "en")
            .header(header::COOKIE, cookies.join("; "));
        let answer = sent.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
                "{cookie}"
            );
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let leads = answer.headers().get(header::LOCATION);
        Seen {
            status: answer.status(),
            leads: leads
                .map(|it| it.to_str().unwrap().to_owned())
                .unwrap_or_default(),
            text: answer.text().await.unwrap(),
        }
    }

    /// Goes to the provider, signs in as somebody there, and is sent back to this address.
    async fn sent_back(&mut self, scene: &Scene, subject: &str, next: &str) -> String {
        let begun = self.get(&scene.url(&format!("/sign-in/oidc?next={next}"))).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
        let there = begun.leads.replace("/authorize?", &format!("/as/{subject}?"));
        self.get(&there).await.leads
    }

    async fn sign_in(&mut self, scene: &Scene, subject: &str) -> Seen {
        let back = self.sent_back(scene, subject, "/audit").await;
        self.get(&back).await
    }

    async fn me(&mut self, scene: &Scene) -> Value {
        serde_json::from_str(&self.get(&scene.url("/api/v1/me")).await.text).unwrap()
    }
}

async fn scene(seed: u64, more: &[&str]) -> (Provider, Scene) {
    let provider = Provider::start(0).await.unwrap();
    provider.add("li", json!({"preferred_username": "li", "groups": ["okki-it"]}));
    let flags = [&["--trusted-proxies", "127.0.0.1"], more].concat();
    let scene = desk_of(&provider.url, seed, &flags).await;
    (provider, scene)
}

fn claims(change: impl Fn(&mut serde_json::Map<String, Value>) + Send + 'static) -> Faults {
    Faults {
        claims: Some(Box::new(change)),
        ..Faults::default()
    }
}

fn says(name: &'static str, value: impl Into<Value>) -> Faults {
    let value = value.into();
    claims(move |claims| drop(claims.insert(name.to_owned(), value.clone())))
}
