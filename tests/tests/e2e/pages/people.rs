//! People of three roles, and what they send.

use super::Scene;
use reqwest::{Client, StatusCode, header};

const PASSWORD: &str = "correct horse battery";

/// A client with the session of somebody who has signed in.
pub(super) async fn signed_in(scene: &Scene, name: &str) -> Client {
    kit::http::client();
    let policy = reqwest::redirect::Policy::none();
    let first = Client::builder().redirect(policy).build().unwrap();
    let form = [("name", name), ("password", PASSWORD), ("next", "/")];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let sent = first
        .post(scene.url("/sign-in"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body);
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let headers = header::HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
    Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub(super) async fn with_people(seed: u64) -> Scene {
    let scene = Scene::of(10, seed, &["--sign-in", "required"]).await;
    for role in ["viewer", "operator", "admin"] {
        scene
            .desk
            .add_user(&scene.pipeline, role, role, PASSWORD)
            .unwrap();
    }
    scene
}

/// An answer of the API.
pub(super) async fn json(scene: &Scene, client: &Client, path: &str) -> serde_json::Value {
    let answer = client.get(scene.url(path)).send().await.unwrap();
    answer.json().await.unwrap()
}

/// What a browser sends beside everything that changes something.
pub(super) async fn token(scene: &Scene, client: &Client) -> String {
    let me = json(scene, client, "/api/v1/me").await;
    me["form_token"].as_str().unwrap().to_owned()
}
