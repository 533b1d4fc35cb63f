//! Signing in and out in a browser, and guessing.

use super::{Scene, browser, says};
use reqwest::{StatusCode, header};

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn somebody_signs_in_by_the_page_and_out_again() {
    let scene = Scene::of(3, 431, &["--sign-in", "required"]).await;
    scene
        .desk
        .add_user(&scene.pipeline, "王芳", "operator", PASSWORD)
        .unwrap();
    let browser = browser("zh-CN").await;
    browser.open(&scene.url("/plans")).await.unwrap();
    says(&browser, "button.primary", "登录").await;
    browser.fill("input[name=name]", "王芳").await.unwrap();
    browser
        .fill("input[name=password]", "wrong password")
        .await
        .unwrap();
    browser.click("button.primary").await.unwrap();
    says(&browser, ".trouble", "用户名或密码错误").await;
    browser.fill("input[name=name]", "王芳").await.unwrap();
    browser.fill("input[name=password]", PASSWORD).await.unwrap();
    browser.click("button.primary").await.unwrap();
    // Back to where they wanted to go.
    says(&browser, "h1", "计划").await;
    says(&browser, ".who", "王芳 · 运维").await;
    browser.click(".who form button").await.unwrap();
    says(&browser, "button.primary", "登录").await;
    browser.open(&scene.url("/plans")).await.unwrap();
    says(&browser, "button.primary", "登录").await;
}

#[tokio::test]
async fn guessing_has_to_wait_longer_each_time_and_a_token_serves_programs() {
    let scene = Scene::of(3, 432, &["--sign-in", "required"]).await;
    scene
        .desk
        .add_user(&scene.pipeline, "wang", "admin", PASSWORD)
        .unwrap();
    let client = kit::http::client();
    let guess = async |password: &str| {
        let body = format!("name=wang&password={}&next=/", password.replace(' ', "+"));
        let sent = client
            .post(scene.url("/sign-in"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        sent.send().await.unwrap()
    };
    for _ in 0..5 {
        assert_eq!(guess("a guess").await.status(), StatusCode::UNAUTHORIZED);
    }
    let refused = guess(PASSWORD).await;
    assert_eq!(
        refused.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "even the right one waits"
    );
    assert!(refused.headers().contains_key(header::RETRY_AFTER));

    let mut command = kit::desk::command(&scene.pipeline).unwrap();
    let added = command
        .args(["token", "add", "monitor", "--role", "viewer", "--data"])
        .arg(&scene.desk.data)
        .output()
        .unwrap();
    assert!(added.status.success(), "{added:?}");
    let token = String::from_utf8(added.stdout).unwrap();
    let me = client
        .get(scene.url("/api/v1/me"))
        .bearer_auth(token.trim())
        .send()
        .await
        .unwrap();
    let me: serde_json::Value = me.json().await.unwrap();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("monitor"), Some("viewer")),
        "{me}"
    );
    // A program needs no token of a form, and still may not do more than its role.
    let body = serde_json::json!({"reason": "x", "all": true});
    let sent = client
        .post(scene.url("/api/v1/dead/load/plans"))
        .bearer_auth(token.trim())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    let mut command = kit::desk::command(&scene.pipeline).unwrap();
    let removed = command
        .args(["token", "remove", "monitor", "--data"])
        .arg(&scene.desk.data)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(removed.success());
    let me = client
        .get(scene.url("/api/v1/me"))
        .bearer_auth(token.trim())
        .send()
        .await
        .unwrap();
    assert_eq!(me.status(), StatusCode::UNAUTHORIZED);
}
