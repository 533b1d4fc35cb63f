//! One letter in full and by hand: shown only to who may see it, on record; what is typed is never lost, and never put back
//! onto a letter that has changed meanwhile.

use super::{LIMIT, Scene, browser, says};
use kit::{browser::Browser, desk::Desk, wait::eventually};
use serde_json::Value;

/// The letter's page, and its digits.
async fn letter(scene: &Scene) -> (String, String) {
    let page = scene.ask("dead/load/letters").await.unwrap();
    let id = page["letters"][0]["record"]["id"].as_str().unwrap();
    let digits = id.rsplit('~').next().unwrap().to_owned();
    (scene.url(&format!("/dead/load/letter?id={digits}")), digits)
}

async fn typed(browser: &Browser) -> String {
    let text = browser
        .run("return document.getElementById('text').value")
        .await
        .unwrap();
    text.as_str().unwrap().to_owned()
}

async fn actions(scene: &Scene) -> Vec<(String, String)> {
    let audit = scene.ask("audit").await.unwrap();
    let entries = audit["entries"].as_array().unwrap();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    entries
        .iter()
        .map(|entry| (text(entry, "action"), text(entry, "operator")))
        .collect()
}

#[tokio::test]
async fn a_letter_is_edited_and_replayed_until_its_row_is_in_the_form() {
    let scene = Scene::of(5, 461, &[]).await;
    scene.refused(1).await;
    scene.pipeline.simulator.clear_faults(None);
    let (page, digits) = letter(&scene).await;
    let browser = browser("en").await;
    browser.open(&page).await.unwrap();
    browser.click("button[formaction$='/letter/edit']").await.unwrap();
    says(&browser, "h1", "Edit letter").await;
    says(&browser, "#outlook", "Nothing is changed yet").await;
    let shown = typed(&browser).await;
    let label = kit::simulator::LABELS[0];
    let json: Value = serde_json::from_str(&shown).unwrap();
    let cells = json["fields"].as_array().unwrap();
    let place = cells.iter().position(|cell| cell["label"] == label).unwrap();
    let old = cells[place]["text"].as_str().unwrap();

    // What is no JSON is kept, and the line is named.
    let broken = shown.replacen(&format!("\"{old}\""), old, 1);
    browser.write("#text", &broken).await.unwrap();
    browser.click("#outlook button").await.unwrap();
    says(&browser, "#outlook .trouble", "line ").await;
    assert_eq!(typed(&browser).await, broken);
    // So is what does not fit, with field and caption.
    let unfit = shown.replacen(&format!("\"text\": \"{old}\""), "\"text\": 5", 1);
    browser.write("#text", &unfit).await.unwrap();
    browser.click("#outlook button").await.unwrap();
    let place = format!("fields[{place}].text ({label})");
    says(&browser, "#outlook .trouble", &place).await;
    assert_eq!(typed(&browser).await, unfit);

    let edited = shown.replacen(old, "改过的名称", 1);
    browser.write("#text", &edited).await.unwrap();
    browser.click("#outlook button").await.unwrap();
    says(&browser, "#outlook .diff ins", "改过的名称").await;
    browser
        .fill("#editor input[name=reason]", "the name was too long")
        .await
        .unwrap();
    browser
        .click("button[formaction$='/edit/put-back']")
        .await
        .unwrap();
    says(&browser, ".plan-state", "complete").await;
    let rows = scene.pipeline.simulator.rows(10);
    assert!(rows.iter().any(|row| row.to_string().contains("改过的名称")));
    let actions = actions(&scene).await;
    let me = scene.ask("me").await.unwrap();
    let by = me["name"].as_str().unwrap();
    for action in ["reveal", "edit", "edit ended"] {
        assert!(actions.contains(&(action.into(), by.into())), "{actions:?}");
    }
    let gone = scene
        .ask(&format!("dead/load/letters/{digits}/draft"))
        .await
        .unwrap();
    assert!(gone["error"].is_string(), "{gone}");
}

#[tokio::test]
async fn a_draft_outlives_the_killed_desk() {
    let mut scene = Scene::buried(2, 462, &[]).await;
    let (page, digits) = letter(&scene).await;
    let browser = browser("zh-CN").await;
    browser.open(&page).await.unwrap();
    browser.click("button[formaction$='/letter/edit']").await.unwrap();
    says(&browser, "h1", "编辑死信").await;
    // Nobody presses anything.
    browser.write("#text", "{ half a thought").await.unwrap();
    eventually(LIMIT, "the draft is kept", async || {
        let draft = scene.ask(&format!("dead/load/letters/{digits}/draft")).await?;
        match draft["text"] == "{ half a thought" {
            true => Ok(()),
            false => Err(draft.to_string()),
        }
    })
    .await;
    says(&browser, "#kept", "已存为草稿").await;
    scene.desk.process.kill9().unwrap();
    // What is typed while there is no desk stays on the page, which says so and keeps it as soon as it can.
    browser.write("#text", "{ the other half").await.unwrap();
    says(&browser, "#kept", "未能保存").await;
    let port = url::Url::parse(&scene.desk.url).unwrap().port().unwrap();
    scene.desk = Desk::start_at(&scene.pipeline, scene.folder.path(), port, &[])
        .await
        .unwrap();
    says(&browser, "#kept", "已存为草稿").await;
    browser
        .open(&scene.url(&format!("/dead/load/edit?id={digits}")))
        .await
        .unwrap();
    assert_eq!(typed(&browser).await, "{ the other half");
    browser.open(&scene.url("/dead")).await.unwrap();
    browser.click("details.help summary").await.unwrap();
    says(&browser, "details.help", &digits).await;
}

#[tokio::test]
async fn a_letter_that_changed_meanwhile_is_not_put_back() {
    let scene = Scene::buried(2, 463, &[]).await;
    let (page, digits) = letter(&scene).await;
    let browser = browser("en").await;
    browser.open(&page).await.unwrap();
    browser.click("button[formaction$='/letter/edit']").await.unwrap();
    says(&browser, "h1", "Edit letter").await;
    let shown = typed(&browser).await;
    let json: Value = serde_json::from_str(&shown).unwrap();
    let old = json["fields"][0]["text"].as_str().unwrap();
    let edited = shown.replacen(&format!("\"{old}\""), "\"by hand\"", 1);
    browser.write("#text", &edited).await.unwrap();
    browser.click("#outlook button").await.unwrap();
    says(&browser, "#outlook .diff ins", "by hand").await;

    // Somebody discards it and brings it back: another life of the letter, of which plans know nothing.
    let discard = serde_json::json!({"where": format!("id={digits}"), "reason": "somebody else"});
    scene.post("dead/load/discards", &discard).await;
    scene.letters("load", 1).await;
    let all = scene.ask("plans").await.unwrap();
    let operation = all["operations"][0]["id"].as_str().unwrap();
    let undo = serde_json::json!({"reason": "somebody else again"});
    scene.post(&format!("operations/{operation}/undo"), &undo).await;
    scene.letters("load", 2).await;

    let put_back = async || {
        browser.fill("#editor input[name=reason]", "mine").await.unwrap();
        browser
            .click("button[formaction$='/edit/put-back']")
            .await
            .unwrap();
    };
    put_back().await;
    says(&browser, "main > .trouble", "the letter changed meanwhile").await;
    assert_eq!(typed(&browser).await, edited);
    assert_eq!(scene.pipeline.simulator.form_rows(), 0, "nothing was moved");
    // The draft is not lost: it is compared with the letter of now, and put back.
    browser.click("form[action$='/edit/anew'] button").await.unwrap();
    says(&browser, "#outlook .diff ins", "by hand").await;
    put_back().await;
    says(&browser, ".plan-state", "complete").await;
    let rows = scene.pipeline.simulator.rows(10);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].to_string().contains("by hand"), "{rows:?}");
}

#[tokio::test]
async fn who_sees_a_letter_in_full_is_on_record() {
    let scene = Scene::of(5, 464, &[]).await;
    let ids = scene.refused(1).await;
    let (page, _) = letter(&scene).await;
    let expected = scene
        .pipeline
        .simulator
        .expected(ids[0].parse().unwrap())
        .unwrap();
    let browser = browser("en").await;
    browser.open(&page).await.unwrap();
    let masked = browser.text("main").await;
    let hidden: Vec<_> = expected
        .iter()
        .filter(|cell| !cell.is_empty() && !masked.contains(cell.as_str()))
        .collect();
    assert!(!hidden.is_empty(), "{expected:?}");
    assert!(!actions(&scene).await.iter().any(|(action, _)| action == "reveal"));
    browser
        .click("form[action$='/letter/reveal'] button")
        .await
        .unwrap();
    says(&browser, "main", "Nothing is masked here").await;
    let full = browser.text("main").await;
    let mails: Vec<_> = hidden.iter().filter(|cell| cell.contains('@')).collect();
    assert!(
        hidden.iter().any(|cell| full.contains(cell.as_str()))
            && mails.iter().all(|cell| full.contains(cell.as_str())),
        "{hidden:?}: {full}"
    );
    let me = scene.ask("me").await.unwrap();
    let entry = ("reveal".to_owned(), me["name"].as_str().unwrap().to_owned());
    assert!(actions(&scene).await.contains(&entry));
}
