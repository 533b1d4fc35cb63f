//! Signing in at a provider that lies, is imitated, or sends people elsewhere; and browsers that bring back what is not theirs.

use super::{Scene, oidc::desk_of};
use kit::provider::{Algorithm, Faults, Provider, SECRET};
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU8, Ordering},
};

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

#[tokio::test]
async fn nothing_that_a_provider_says_is_believed_unchecked() {
    let (provider, scene) = scene(463, &[]).await;
    let now = jiff::Timestamp::now().as_second();
    let untrusted = "what 127.0.0.1 says about you cannot be trusted";
    let cases = [
        ("another nonce", says("nonce", "x".repeat(43)), untrusted),
        (
            "no nonce",
            claims(|claims| drop(claims.remove("nonce"))),
            untrusted,
        ),
        ("for another client", says("aud", "another"), untrusted),
        (
            "also for another client",
            says("aud", json!(["desk", "another"])),
            untrusted,
        ),
        (
            "for nobody",
            claims(|claims| drop(claims.remove("aud"))),
            untrusted,
        ),
        ("on behalf of another client", says("azp", "another"), untrusted),
        (
            "of another issuer",
            says("iss", "https://id.example.com"),
            untrusted,
        ),
        ("expired", says("exp", now - 120), untrusted),
        ("from the future", says("iat", now + 600), untrusted),
        ("not yet", says("nbf", now + 600), untrusted),
        (
            "beside another access token",
            says("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
            untrusted,
        ),
        (
            "unsigned",
            Faults {
                unsigned: true,
                ..Faults::default()
            },
            untrusted,
        ),
        (
            "signed with the secret",
            Faults {
                by_secret: true,
                ..Faults::default()
            },
            untrusted,
        ),
        (
            "signed with a key of nobody",
            Faults {
                foreign_key: true,
                ..Faults::default()
            },
            untrusted,
        ),
        (
            "role of nobody",
            says("groups", json!(["okki", "it", "OKKI-IT"])),
            "given you no role",
        ),
        ("role as a number", says("groups", 7), "given you no role"),
    ];
    for (name, faults, said) in cases {
        provider.fails(faults);
        let mut visitor = Visitor::new();
        let seen = visitor.sign_in(&scene, "li").await;
        assert!(seen.text.contains(said), "{name}: {} {}", seen.status, seen.text);
        assert!(!visitor.cookies.contains_key("desk_session"), "{name}");
        assert_eq!(
            visitor.get(&scene.url("/api/v1/me")).await.status,
            StatusCode::UNAUTHORIZED,
            "{name}"
        );
    }
    // A clock that is a little off is no lie, and afterwards the honest one lets in.
    for faults in [says("iat", now + 45), says("exp", now - 15), Faults::default()] {
        provider.fails(faults);
        let mut visitor = Visitor::new();
        let seen = visitor.sign_in(&scene, "li").await;
        assert_eq!(
            (seen.status, seen.leads.as_str()),
            (StatusCode::SEE_OTHER, "/audit"),
            "{}",
            seen.text
        );
        let me = visitor.me(&scene).await;
        assert_eq!(
            (&me["name"], &me["role"], &me["via"]),
            (&json!("li"), &json!("admin"), &json!("provider"))
        );
    }
    let log = std::fs::read_to_string(scene.folder.path().join("desk.log")).unwrap();
    assert!(
        log.contains("for another client (azp)") && log.contains("nonce"),
        "it says why: {log}"
    );
    for secret in [SECRET, "eyJ", "code="] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn what_one_browser_has_begun_no_other_ends_and_nobody_twice() {
    let (provider, scene) = scene(464, &[]).await;
    // The provider would take a code twice; the desk takes a state once.
    provider.fails(Faults {
        codes_again: true,
        ..Faults::default()
    });
    let (mut li, mut other) = (Visitor::new(), Visitor::new());
    let stale = "begun in another browser or too long ago";
    let back = li.sent_back(&scene, "li", "/audit").await;
    // Somebody lures another browser to it, which has begun a sign-in of its own, or has not.
    let lured = other.get(&back).await;
    assert!(
        lured.status == StatusCode::BAD_REQUEST && lured.text.contains(stale),
        "{}",
        lured.text
    );
    other.sent_back(&scene, "li", "/").await;
    assert!(other.get(&back).await.text.contains(stale));
    assert!(!other.cookies.contains_key("desk_session"));
    // Its own browser may have two at a time.
    let second = li.sent_back(&scene, "li", "/dead").await;
    assert_eq!(li.get(&back).await.leads, "/audit");
    assert_eq!(li.get(&second).await.leads, "/dead");
    assert!(li.get(&back).await.text.contains(stale), "used");
    provider.fails(Faults::default());
    // A code of another sign-in, put beside a state of this one: the provider asks for the verifier.
    let mut mallory = Visitor::new();
    let stolen = li.sent_back(&scene, "li", "/").await;
    let own = mallory.sent_back(&scene, "li", "/").await;
    let part = |url: &str, name: &str| {
        let url = url::Url::parse(url).unwrap();
        let found = url.query_pairs().find(|(found, _)| found == name);
        found.unwrap().1.into_owned()
    };
    let state: String = url::form_urlencoded::byte_serialize(part(&own, "state").as_bytes()).collect();
    let mixed = format!(
        "{}?code={}&state={state}",
        scene.url("/sign-in/oidc/callback"),
        part(&stolen, "code")
    );
    let refused = mallory.get(&mixed).await;
    assert!(
        refused.text.contains("does not confirm the sign-in"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn nobody_is_led_elsewhere_and_guessing_waits() {
    let (provider, scene) = scene(465, &[]).await;
    let mut visitor = Visitor::new();
    for evil in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "%2F%2Fevil.example",
    ] {
        let back = visitor.sent_back(&scene, "li", evil).await;
        assert_eq!(visitor.get(&back).await.leads, "/", "{evil}");
    }
    // The way back is of the desk, whatever somebody who is no proxy says; here a proxy says it.
    let begun = visitor.get(&scene.url("/sign-in/oidc")).await;
    let way: String =
        url::form_urlencoded::byte_serialize(scene.url("/sign-in/oidc/callback").as_bytes()).collect();
    assert!(
        begun.leads.contains(&format!("redirect_uri={way}")),
        "{}",
        begun.leads
    );
    // The provider has said no, in its own words or in those of somebody who writes links.
    let mut declined = Visitor::new();
    let back = declined.sent_back(&scene, "li", "/").await;
    let state = back.split("state=").nth(1).unwrap();
    let callback = scene.url("/sign-in/oidc/callback");
    let seen = declined
        .get(&format!(
            "{callback}?error=access_denied%3Cb%3Ecall+evil&state={state}"
        ))
        .await;
    assert!(
        seen.status == StatusCode::FORBIDDEN && seen.text.contains("(access_deniedbcallevil)"),
        "{}",
        seen.text
    );
    let mut other = Visitor::new();
    let back = other.sent_back(&scene, "li", "/").await;
    let seen = other
        .get(&format!("{back}&iss=https%3A%2F%2Fid.example.com"))
        .await;
    assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{}", seen.text);
    // Any page can make a browser call this address: that keeps nobody out, for there is nothing to guess in a state.
    let mut guesser = Visitor::new();
    for _ in 0..20 {
        let seen = guesser.get(&format!("{callback}?code=a&state=b")).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST);
    }
    // A code that a browser brings back to a sign-in of its own counts as a password does.
    let tokens = || provider.asked().iter().filter(|path| *path == "/token").count();
    let before = tokens();
    for nth in 1..=6 {
        let back = guesser.sent_back(&scene, "li", "/").await;
        let state = back.split("state=").nth(1).unwrap();
        let seen = guesser.get(&format!("{callback}?code=a&state={state}")).await;
        let wanted = match nth {
            1..=5 => StatusCode::UNAUTHORIZED,
            _ => StatusCode::TOO_MANY_REQUESTS,
        };
        assert_eq!(seen.status, wanted, "{nth}");
    }
    assert_eq!(tokens() - before, 5, "the last one does not reach it");
}

#[tokio::test]
async fn a_provider_that_sends_us_elsewhere_or_says_to_be_another_is_none() {
    let elsewhere = Provider::start(0).await.unwrap();
    for (seed, path) in [
        (466, "/.well-known/openid-configuration"),
        (467, "/keys"),
        (468, "/token"),
    ] {
        let (provider, scene) = scene(seed, &[]).await;
        provider.fails(Faults {
            redirect: Some((path, format!("{}{path}", elsewhere.url))),
            ..Faults::default()
        });
        let mut visitor = Visitor::new();
        let begun = visitor.get(&scene.url("/sign-in/oidc")).await;
        if path == "/token" {
            let seen = visitor.sign_in(&scene, "li").await;
            assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{path}: {}", seen.text);
        } else {
            assert_eq!(
                begun.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{path}: {}",
                begun.text
            );
        }
        assert_eq!(elsewhere.asked(), Vec::<String>::new(), "{path}");
    }
    let (provider, scene) = scene(469, &[]).await;
    provider.fails(Faults {
        issuer: Some(elsewhere.url.clone()),
        ..Faults::default()
    });
    let begun = Visitor::new().get(&scene.url("/sign-in/oidc")).await;
    assert_eq!(begun.status, StatusCode::SERVICE_UNAVAILABLE, "{}", begun.text);
}

#[tokio::test]
async fn new_keys_are_asked_for_and_groups_where_they_are_shown() {
    let (provider, scene) = scene(470, &["--public-url", "https://desk.example.com"]).await;
    let mut visitor = Visitor::new();
    let begun = visitor.get(&scene.url("/sign-in/oidc")).await;
    assert!(
        begun
            .leads
            .contains("redirect_uri=https%3A%2F%2Fdesk.example.com%2Fsign-in%2Foidc%2Fcallback"),
        "{}",
        begun.leads
    );
    // Whatever forwards it, the path is the same.
    let sign_in = async || {
        let mut visitor = Visitor::new();
        let back = visitor.sent_back(&scene, "li", "/").await;
        visitor
            .get(&back.replace("https://desk.example.com", &scene.desk.url))
            .await
    };
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Rs256] {
        provider.rotate(algorithm).unwrap();
        let seen = sign_in().await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{algorithm:?}: {}", seen.text);
    }
    let keys = |asked: Vec<String>| asked.iter().filter(|path| *path == "/keys").count();
    assert_eq!(
        keys(provider.asked()),
        4,
        "once at first, and once for each new key"
    );
    sign_in().await;
    assert_eq!(keys(provider.asked()), 4, "known ones serve");
    provider.keeps_for_userinfo(&["groups"]);
    assert_eq!(sign_in().await.status, StatusCode::SEE_OTHER);
    provider.fails(Faults {
        other_subject: true,
        ..Faults::default()
    });
    let seen = sign_in().await;
    assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{}", seen.text);
}

#[tokio::test]
async fn a_session_ends_where_it_is_ended() {
    let (_provider, scene) = scene(
        471,
        &["--oidc-default-role", "viewer", "--oidc-role-claim", "none"],
    )
    .await;
    let mut visitor = Visitor::new();
    visitor.sign_in(&scene, "li").await;
    assert_eq!(visitor.me(&scene).await["role"], "viewer", "the default one");
    let mut command = kit::desk::command(&scene.pipeline).unwrap();
    let removed = command
        .args(["user", "remove", "li", "--data"])
        .arg(&scene.desk.data);
    assert!(
        removed
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        visitor.get(&scene.url("/api/v1/me")).await.status,
        StatusCode::UNAUTHORIZED
    );
}
