//! Signing in at a provider in a browser, beside the people of the desk, and while the provider is away.

use super::{Scene, browser, says};
use kit::{
    pipeline::PipelineUnderTest,
    provider::{CLIENT, Provider, SECRET},
    services::port,
    wait::eventually,
};
use serde_json::json;

const PASSWORD: &str = "correct horse battery";

/// A desk whose people sign in at this address; nothing of the pipeline runs.
pub(super) async fn desk_of(issuer: &str, seed: u64, more: &[&str]) -> Scene {
    let pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .seed(seed)
        .start()
        .await;
    let secret = std::env::temp_dir().join(format!("desk-secret-{seed}-{}", std::process::id()));
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let mut flags = vec![
        "--oidc-issuer",
        issuer,
        "--oidc-client-id",
        CLIENT,
        "--oidc-client-secret-file",
        secret.to_str().unwrap(),
        "--oidc-roles",
        "okki-night=operator,okki-it=admin,okki-all=viewer",
    ];
    flags.extend(more);
    let scene = Scene::beside(pipeline, &flags).await;
    std::fs::remove_file(secret).unwrap();
    scene
}

#[tokio::test]
async fn somebody_signs_in_at_their_provider_and_is_on_record_by_name() {
    let provider = Provider::start(0).await.unwrap();
    provider.add(
        "li",
        json!({"preferred_username": "李雷", "groups": ["staff", "okki-night"]}),
    );
    provider.add(
        "guest",
        json!({"preferred_username": "guest", "groups": ["staff"]}),
    );
    let scene = desk_of(&provider.url, 461, &[]).await;
    scene
        .desk
        .add_user(&scene.pipeline, "王芳", "viewer", PASSWORD)
        .unwrap();
    let browser = browser("zh-CN").await;
    browser.open(&scene.url("/plans?x=1")).await.unwrap();
    says(&browser, ".elsewhere a.button", "用 127.0.0.1 的账号登录").await;
    browser
        .picture(&super::pictures().join("sign-in-provider.png"))
        .await
        .unwrap();
    assert_eq!(browser.barriers().await.unwrap(), Vec::<String>::new());
    browser.click(".elsewhere a.button").await.unwrap();
    says(&browser, "h1", "Who are you?").await;
    browser.click("#li").await.unwrap();
    // Back to where they wanted to go.
    says(&browser, "h1", "计划").await;
    says(&browser, ".who", "李雷 · 运维").await;
    assert_eq!(browser.complaints().await.unwrap(), Vec::<String>::new());
    browser.open(&scene.url("/wishes")).await.unwrap();
    browser.fill("input[name=reason]", "展会名单").await.unwrap();
    browser.click("form .primary").await.unwrap();
    says(&browser, "#wishes", "展会名单").await;
    browser.open(&scene.url("/audit")).await.unwrap();
    says(&browser, "main table", "李雷").await;

    browser.click(".who form button").await.unwrap();
    says(&browser, "button.primary", "登录").await;
    browser.open(&scene.url("/audit")).await.unwrap();
    says(&browser, "button.primary", "登录").await;
    // Whom no value gives a role, is not let in; people of the desk still are, on the same page.
    browser.click(".elsewhere a:not(.button)").await.unwrap();
    says(&browser, "h1", "Who are you?").await;
    let address = browser.run("return location.href").await.unwrap();
    assert!(address.as_str().unwrap().contains("prompt=login"), "{address}");
    browser.click("#guest").await.unwrap();
    says(&browser, ".trouble", "没有给您本控制台的角色").await;
    browser.fill("input[name=name]", "王芳").await.unwrap();
    browser.fill("input[name=password]", PASSWORD).await.unwrap();
    browser.click("button.primary").await.unwrap();
    says(&browser, ".who", "王芳 · 只读").await;
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_no_people_of_the_desk_out() {
    let [port] = port::free::<1>().unwrap();
    let scene = desk_of(&format!("http://127.0.0.1:{port}"), 462, &[]).await;
    scene
        .desk
        .add_user(&scene.pipeline, "wang", "admin", PASSWORD)
        .unwrap();
    let browser = browser("en").await;
    browser.open(&scene.url("/health")).await.unwrap();
    browser.click(".elsewhere a.button").await.unwrap();
    says(
        &browser,
        ".trouble",
        "127.0.0.1 does not answer as a sign-in provider",
    )
    .await;
    browser.fill("input[name=name]", "wang").await.unwrap();
    browser.fill("input[name=password]", PASSWORD).await.unwrap();
    browser.click("button.primary").await.unwrap();
    // What they wanted to see is not forgotten.
    says(&browser, ".who", "wang").await;
    says(&browser, "h1", "Health").await;
    browser.click(".who form button").await.unwrap();
    let provider = Provider::start(port).await.unwrap();
    provider.add("li", json!({"email": "li@example.com", "groups": "okki-it"}));
    eventually(super::LIMIT, "the provider is asked again", async || {
        browser
            .open(&scene.url("/sign-in/oidc"))
            .await
            .map_err(|error| error.to_string())?;
        match browser.text("h1").await {
            title if title == "Who are you?" => Ok(()),
            other => Err(other),
        }
    })
    .await;
    browser.click("#li").await.unwrap();
    says(&browser, ".who", "li@example.com · admin").await;
}
