//! Letters as a file: what was exported with its data comes back exactly, and a file with a wrong line changes nothing.

use super::{Scene, browser, says, tick};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// Record and body of each letter of an export.
fn letters(file: &Path) -> BTreeMap<String, (Value, Value)> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let id = line["record"]["id"].as_str().unwrap().to_owned();
            (id, (line["record"].take(), line["body_base64"].take()))
        })
        .collect()
}

#[tokio::test]
async fn exported_letters_are_imported_exactly() {
    let scene = Scene::buried(12, 471, &[]).await;
    let browser = browser("zh-CN").await;
    let export = async |count: usize| {
        browser.open(&scene.url("/dead/load")).await.unwrap();
        browser.click("input[name=which][value=all]").await.unwrap();
        browser.click("button[name=reveal]").await.unwrap();
        browser.accept().await.unwrap();
        browser.downloads(count).await
    };
    let files = export(1).await;
    let first = letters(&files[0]);
    assert_eq!(first.len(), 12);
    // All of them go, beyond any doubt.
    let discard = serde_json::json!({"all": true, "reason": "to see them come back"});
    scene.post("dead/load/discards", &discard).await;
    scene.letters("load", 0).await;

    // A wrong line is named, and nothing is imported.
    let text = std::fs::read_to_string(&files[0]).unwrap();
    let wrong = scene.folder.path().join("wrong.jsonl");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[6] = lines[6].replace("\"sha256\":\"", "\"sha256\":\"0");
    std::fs::write(&wrong, lines.join("\n")).unwrap();
    let import = async |file: &Path| {
        browser.open(&scene.url("/dead/load/import")).await.unwrap();
        browser.fill("input[name=reason]", "从备份恢复").await.unwrap();
        browser.upload("input[type=file]", file).await.unwrap();
        browser.click("button.primary").await.unwrap();
    };
    import(&wrong).await;
    says(&browser, ".trouble", "第 7 行").await;
    scene.letters("load", 0).await;

    import(&files[0]).await;
    says(&browser, "h2#operations + .scroll tbody", "从备份恢复").await;
    scene.letters("load", 12).await;
    let again = export(2).await;
    let second = again.iter().find(|file| **file != files[0]).unwrap();
    assert_eq!(letters(second), first, "record by record and byte by byte");

    // Twice the same file adds nothing, and the import can be taken back.
    import(&files[0]).await;
    says(&browser, "h2#operations + .scroll tbody", "从备份恢复").await;
    scene.letters("load", 12).await;
    let all = scene.ask("plans").await.unwrap();
    let imports: Vec<_> = all["operations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["kind"] == "import")
        .collect();
    let moved: Vec<_> = imports.iter().map(|one| one["moved"].as_u64()).collect();
    assert_eq!(moved, [Some(0), Some(12)], "{all}");
    let form = format!(
        "form[action='/operations/{}/undo']",
        imports[1]["id"].as_str().unwrap()
    );
    browser
        .fill(&format!("{form} input[name=reason]"), "不需要了")
        .await
        .unwrap();
    browser.click(&format!("{form} button")).await.unwrap();
    scene.letters("load", 0).await;
}

#[tokio::test]
async fn a_masked_export_tells_nothing_and_cannot_be_imported() {
    let scene = Scene::buried(3, 472, &[]).await;
    let browser = browser("en").await;
    browser.open(&scene.url("/dead/load")).await.unwrap();
    tick(&browser, 1).await;
    browser
        .click("button[formaction='/dead/load/export']:not([name])")
        .await
        .unwrap();
    let files = browser.downloads(1).await;
    let masked = letters(&files[0]);
    assert_eq!(masked.len(), 1);
    assert!(masked.values().all(|(_, body)| body.is_null()));
    browser.open(&scene.url("/dead/load/import")).await.unwrap();
    browser.fill("input[name=reason]", "a try").await.unwrap();
    browser.upload("input[type=file]", &files[0]).await.unwrap();
    browser.click("button.primary").await.unwrap();
    says(&browser, ".trouble", "masked").await;
    scene.letters("load", 3).await;
}
