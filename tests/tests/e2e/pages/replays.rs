//! A row that the form refuses, from the verdict to green again, by clicking.

use super::{LIMIT, Scene, browser, says, tick};
use kit::wait::eventually;

#[tokio::test]
async fn a_refused_row_turns_the_verdict_and_is_replayed_by_clicking() {
    let mut scene = Scene::of(30, 401, &[]).await;
    let browser = browser("zh-CN").await;
    browser.open(&scene.url("/")).await.unwrap();
    says(&browser, "#verdict", "一切正常").await;
    let ids = scene.refused(3).await;
    // The page that is open turns by itself, and names the group.
    says(&browser, "#verdict h1", "不正常").await;
    says(&browser, "#todo", "row-refused").await;
    scene.pipeline.simulator.clear_faults(None);

    browser.click("#flow li:nth-child(3) .bad a").await.unwrap();
    says(&browser, "h1", "死信：写入").await;
    assert_eq!(browser.count("tbody tr").await, 3);
    for id in &ids {
        says(&browser, "tbody", id).await;
    }
    browser.click("input[data-all=id]").await.unwrap();
    browser
        .fill("form[action='/dead/load/plan'] input[name=reason]", "表单已修好")
        .await
        .unwrap();
    browser.click("button.primary").await.unwrap();
    // The plan says what it would cost and waits for a click.
    says(&browser, "#preview", "row-refused").await;
    says(&browser, ".plan-state", "已制定").await;
    assert_eq!(scene.pipeline.simulator.form_rows(), 30);
    browser.click("#actions button.primary").await.unwrap();
    says(&browser, ".plan-state", "已完成").await;
    says(&browser, "#letters", &ids[0]).await;
    browser.open(&scene.url("/")).await.unwrap();
    says(&browser, "#verdict", "一切正常").await;
    scene.pipeline.until_equal(LIMIT).await;
    // Everything is in the audit log with name and reason.
    browser.open(&scene.url("/audit")).await.unwrap();
    says(&browser, "tbody", "表单已修好").await;
    let me = scene.ask("me").await.unwrap();
    says(&browser, "tbody", me["name"].as_str().unwrap()).await;
}

#[tokio::test]
async fn letters_are_discarded_and_restored_by_clicking() {
    let scene = Scene::of(10, 402, &[]).await;
    scene.refused(4).await;
    let browser = browser("en").await;
    browser.open(&scene.url("/dead/load")).await.unwrap();
    tick(&browser, 1).await;
    tick(&browser, 2).await;
    browser
        .fill("form[action='/dead/load/plan'] input[name=reason]", "not needed")
        .await
        .unwrap();
    browser
        .click("button[formaction='/dead/load/discard']")
        .await
        .unwrap();
    browser.accept().await.unwrap();
    says(&browser, "h2#operations + .scroll tbody", "not needed").await;
    scene.letters("load", 2).await;
    browser
        .fill("form[action$='/undo'] input[name=reason]", "needed after all")
        .await
        .unwrap();
    browser.click("form[action$='/undo'] button").await.unwrap();
    scene.letters("load", 4).await;
    let all = scene.ask("plans").await.unwrap();
    let kinds: Vec<_> = all["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].clone())
        .collect();
    assert_eq!(kinds, ["undo", "discard"], "{all}");
}

#[tokio::test]
async fn the_second_operator_sees_who_is_at_it() {
    let scene = Scene::buried(30, 403, &[]).await;
    let client = kit::http::client();
    let me = scene.ask("me").await.unwrap();
    let post = async |path: String, body: serde_json::Value| {
        let sent = client
            .post(scene.url(&format!("/api/v1/{path}")))
            .header("x-form-token", me["form_token"].as_str().unwrap());
        sent.json(&body).send().await.unwrap()
    };
    let make = async |why: &str| {
        let body = serde_json::json!({"all": true, "reason": why, "rate": "1/m"});
        let made: serde_json::Value = post("dead/load/plans".into(), body).await.json().await.unwrap();
        made["plan"].as_str().unwrap().to_owned()
    };
    let (first, second) = (make("first").await, make("second").await);
    for id in [&first, &second] {
        eventually(LIMIT, "the plan is made", async || {
            let plan = scene.ask(&format!("plans/{id}")).await?;
            match plan["plan"]["state"] == "planned" {
                true => Ok(()),
                false => Err(plan.to_string()),
            }
        })
        .await;
    }
    let started = post(format!("plans/{first}/run"), serde_json::json!({})).await;
    assert_eq!(started.status(), 202);
    let busy = post(format!("plans/{second}/run"), serde_json::json!({})).await;
    // A busy machine answers before it knows; the page says it then.
    assert!([409, 202].contains(&busy.status().as_u16()), "{busy:?}");
    let browser = browser("en").await;
    browser
        .open(&scene.url(&format!("/plans/{second}")))
        .await
        .unwrap();
    says(
        &browser,
        "#state .trouble",
        &format!(
            "another replay of the load stage is under way, by {} on",
            me["name"].as_str().unwrap()
        ),
    )
    .await;
    browser
        .open(&scene.url(&format!("/plans/{first}")))
        .await
        .unwrap();
    browser
        .fill("form[action$='/pause'] input[name=reason]", "wait")
        .await
        .unwrap();
    browser.click("form[action$='/pause'] button").await.unwrap();
    says(&browser, ".plan-state", "paused").await;
}
