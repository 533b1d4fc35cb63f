//! A rule that is made by clicking puts letters back by itself, and everything about it is on record.

use super::{LIMIT, Scene, browser, says};
use kit::wait::eventually;

#[tokio::test]
async fn a_rule_made_by_clicking_runs_and_is_on_record() {
    let mut scene = Scene::of(10, 481, &[]).await;
    scene.refused(3).await;
    let browser = browser("en").await;
    browser
        .open(&scene.url("/dead/load?where=code%3Drow-refused"))
        .await
        .unwrap();
    browser.click("a[href^='/rules/_new']").await.unwrap();
    says(&browser, "h1", "Make a rule").await;
    // What is wrong is said, and nothing that was filled in is gone.
    browser.fill("input[name=every]", "often").await.unwrap();
    browser.click("button[formaction='/rules/_try']").await.unwrap();
    says(&browser, ".trouble", "often").await;
    browser.fill("input[name=every]", "1s").await.unwrap();
    browser.click("button[formaction='/rules/_try']").await.unwrap();
    says(
        &browser,
        "#test",
        "3 letters are meant; the next run would replay 3",
    )
    .await;
    let rules = scene.ask("rules").await.unwrap();
    assert_eq!(rules["rules"].as_array().unwrap().len(), 0, "a try makes none");

    scene.pipeline.simulator.clear_faults(None);
    browser.fill("input[name=name]", "night-shift").await.unwrap();
    browser
        .fill("input[name=reason]", "the form is mended at night")
        .await
        .unwrap();
    browser.click("button.primary").await.unwrap();
    says(&browser, "h1", "night-shift").await;
    scene.letters("load", 0).await;
    scene.pipeline.until_equal(LIMIT).await;
    eventually(LIMIT, "its run is on its page", async || {
        browser.open(&scene.url("/rules/night-shift")).await.unwrap();
        let said = browser.text(".facts").await;
        match said.contains("p-") {
            true => Ok(()),
            false => Err(said),
        }
    })
    .await;

    browser.fill("input[name=reason]", "enough").await.unwrap();
    browser.click("form[action$='/off'] .row button").await.unwrap();
    says(&browser, ".facts .bad", "off: enough").await;
    browser.fill("input[name=reason]", "once more").await.unwrap();
    browser.click("button[formaction$='/on']").await.unwrap();
    says(&browser, "form[action$='/off'] .row button", "Switch off").await;
    browser.fill("input[name=reason]", "gone").await.unwrap();
    browser.click("button[formaction$='/remove']").await.unwrap();
    browser.accept().await.unwrap();
    says(&browser, ".empty", "No letters are replayed by themselves").await;

    let audit = scene.ask("audit").await.unwrap();
    let me = scene.ask("me").await.unwrap();
    for action in ["rule add", "rule off", "rule on", "rule remove"] {
        let is_mine = |entry: &&serde_json::Value| {
            entry["action"] == action && entry["operator"] == me["name"] && entry["subject"] == "night-shift"
        };
        let entries = audit["entries"].as_array().unwrap();
        assert!(entries.iter().find(is_mine).is_some(), "{action}: {audit}");
    }
    let ran = |entry: &&serde_json::Value| entry["operator"] == "rule night-shift";
    assert!(
        audit["entries"].as_array().unwrap().iter().find(ran).is_some(),
        "{audit}"
    );
}
