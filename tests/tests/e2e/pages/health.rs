//! The doctors on the page of health: asked by a click, answered line by line, and shown to a viewer without a vendor's words.

use super::{LIMIT, Scene, browser, says};
use kit::wait::eventually;
use serde_json::json;

#[tokio::test]
async fn the_doctors_are_asked_by_a_click_and_say_what_to_do() {
    let scene = Scene::of(3, 472, &[]).await;
    let none = scene.ask("doctors").await.unwrap();
    assert_eq!(none["doctors"].as_array().map(Vec::len), Some(3), "{none}");
    assert!(none["doctors"][0]["examined"].is_null(), "{none}");
    scene
        .post("doctors", &json!({"stage": "extract", "reason": "a test"}))
        .await;
    let told = eventually(LIMIT, "the extractor's doctor has answered", async || {
        let told = scene.ask("doctors").await?;
        match told["doctors"][0]["examined"].is_null() {
            true => Err(told.to_string()),
            false => Ok(told),
        }
    })
    .await;
    let examined = &told["doctors"][0]["examined"];
    let findings = examined["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["what"] == "broker" && finding["health"] == "good"),
        "{told}"
    );
    assert!(!examined["instance"].as_str().unwrap().is_empty(), "{told}");
    assert!(
        told["doctors"][2]["examined"].is_null(),
        "it was not asked: {told}"
    );

    scene.pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    let browser = browser("zh-CN").await;
    browser.open(&scene.url("/health")).await.unwrap();
    says(&browser, "#doctors", "最近一小时内没有运行过诊断").await;
    browser.click("#ask-doctors button").await.unwrap();
    // Without a click: the page follows.
    says(&browser, "#doctors article:nth-of-type(3) li.bad", "表单").await;
    says(
        &browser,
        "#doctors article:nth-of-type(3) li.bad .remedy",
        "请检查 JDY_BASE_URL",
    )
    .await;
    says(&browser, "#doctors article:nth-of-type(2)", "✓").await;
    assert_eq!(browser.barriers().await.unwrap(), Vec::<String>::new());
    browser
        .picture(&super::pictures().join("doctors.png"))
        .await
        .unwrap();
    browser.open(&scene.url("/audit")).await.unwrap();
    says(&browser, "main table", "在“运行状况”页面发起").await;
}
