//! What a provider or a browser brings is checked before it is believed.

use super::{Visitor, claims, says, scene};
use kit::provider::{Algorithm, Faults, Provider, SECRET};
use reqwest::StatusCode;
use serde_json::json;

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
