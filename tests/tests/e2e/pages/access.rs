//! Nobody is let in who does not belong, and what is for admins is for nobody else.

use super::{
    Scene,
    people::{json, signed_in, with_people},
};
use reqwest::{Client, StatusCode, header};

#[tokio::test]
async fn nobody_is_let_in_who_has_not_signed_in() {
    let scene = with_people(421).await;
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for path in [
        "/",
        "/dead",
        "/customers",
        "/plans",
        "/rules",
        "/runs",
        "/health",
        "/audit",
        "/live/",
        "/live/dead",
        "/nothing",
    ] {
        let answer = client.get(scene.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(
            answer.headers()[header::LOCATION]
                .to_str()
                .unwrap()
                .starts_with("/sign-in"),
            "{path}"
        );
    }
    for path in [
        "/api/v1/overview",
        "/api/v1/me",
        "/api/v1/openapi.json",
        "/v1/letters?stage=load",
        "/v1/status",
    ] {
        let answer = client.get(scene.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let wrong = client
            .get(scene.url(path))
            .bearer_auth("nobodys-token")
            .send()
            .await
            .unwrap();
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in [
        "/dead/load/plan",
        "/dead/load/discard",
        "/plans/p-1/run",
        "/sign-out",
        "/api/v1/dead/load/plans",
    ] {
        let answer = client
            .post(scene.url(path))
            .body("reason=x")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn what_only_an_admin_may_do_is_refused_to_an_operator() {
    let scene = with_people(425).await;
    let operator = signed_in(&scene, "operator").await;
    let me = json(&scene, &operator, "/api/v1/me").await;
    let token = me["form_token"].as_str().unwrap();
    let rule = serde_json::json!({"name": "x", "stage": "load", "where": "code=row-refused", "reason": "x"});
    let nothing = serde_json::json!({});
    let why = serde_json::json!({"reason": "x"});
    let data = serde_json::json!({"all": true, "reveal": true});
    for (path, body) in [
        ("dead/load/letters/1/reveal", &nothing),
        ("dead/load/letters/1/draft", &nothing),
        ("dead/load/letters/1/edit", &why),
        ("dead/load/exports", &data),
        ("dead/load/imports?reason=x", &nothing),
        ("rules", &rule),
        ("rules/_try", &rule),
        ("rules/x/off", &why),
    ] {
        let sent = operator
            .post(scene.url(&format!("/api/v1/{path}")))
            .header("x-form-token", token);
        let status = sent.json(body).send().await.unwrap().status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/dead/load/import", "/dead/load/edit?id=1", "/rules/_new"] {
        let answer = operator.get(scene.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let masked = serde_json::json!({"all": true});
    let sent = operator
        .post(scene.url("/api/v1/dead/load/exports"))
        .header("x-form-token", token);
    assert_eq!(sent.json(&masked).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_that_another_page_sends_does_nothing() {
    let scene = with_people(423).await;
    let operator = signed_in(&scene, "operator").await;
    let me = json(&scene, &operator, "/api/v1/me").await;
    let token = me["form_token"].as_str().unwrap();
    let send = async |token: &str, more: (&'static str, &str)| {
        let body = format!("form_token={token}&reason=x&which=all&where=code=nothing");
        let sent = operator
            .post(scene.url("/dead/load/plan"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(more.0, more.1)
            .body(body);
        sent.send().await.unwrap().status()
    };
    let nothing = ("x-nothing", "");
    assert_eq!(send("", nothing).await, StatusCode::FORBIDDEN);
    assert_eq!(send("of-another-session", nothing).await, StatusCode::FORBIDDEN);
    assert_eq!(
        send(token, ("origin", "https://evil.example")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(token, ("sec-fetch-site", "cross-site")).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(send(token, nothing).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_name_of_the_web_does_not_lead_to_a_desk_without_sign_in() {
    let scene = Scene::of(3, 424, &[]).await;
    let client = kit::http::client();
    let asked = client
        .get(scene.url("/api/v1/overview"))
        .header(header::HOST, "evil.example");
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let answer = client.get(scene.url("/")).send().await.unwrap();
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
}
