//! One sign-in belongs to one browser, once; guessing waits, and nobody is led elsewhere.

use super::{Visitor, scene};
use kit::provider::Faults;
use reqwest::StatusCode;

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
