//! Every page in both languages, both themes and both widths: no complaint of the browser, nobody else is asked, and a
//! picture of each.

use super::{Scene, says};
use kit::browser::Browser;

const NARROW: (u32, u32) = (390, 844);
/// Pages of which the READMEs show pictures.
const SHOWN: [&str; 3] = ["overview", "letters", "customer"];

#[tokio::test]
async fn every_page_is_quiet_and_asks_nobody_else() {
    let scene = Scene::of(40, 451, &[]).await;
    let ids = scene.refused(3).await;
    let page = scene.ask("dead/load/letters").await.unwrap();
    let letter = page["letters"][0]["record"]["id"].as_str().unwrap();
    let digits = letter.rsplit('~').next().unwrap().to_owned();
    by_hand(&scene, &digits).await;
    let letter: String = url::form_urlencoded::byte_serialize(letter.as_bytes()).collect();
    let group = page["letters"][0]["group"].as_str().unwrap();
    let pages = [
        ("overview", "/".to_owned()),
        ("dead", "/dead".into()),
        ("letters", format!("/dead/load/{group}")),
        ("letter", format!("/dead/load/letter?id={letter}")),
        ("edit", format!("/dead/load/edit?id={digits}")),
        ("import", "/dead/load/import".into()),
        ("rule", "/rules/night-shift".into()),
        (
            "new-rule",
            "/rules/_new?stage=load&where=code%3Drow-refused".into(),
        ),
        ("customers", "/customers".into()),
        ("customer", format!("/customers/{}", ids[0])),
        ("plans", "/plans".into()),
        ("rules", "/rules".into()),
        ("runs", "/runs".into()),
        ("mapping", "/mapping".into()),
        ("setup", "/setup".into()),
        ("health", "/health".into()),
        ("audit", "/audit".into()),
        ("nothing", "/there-is-no-such-page".into()),
    ];
    let folder = super::pictures();
    for (language, dark, size, all) in [
        ("zh-CN", false, super::WIDE, true),
        ("en", true, super::WIDE, true),
        ("zh-CN", true, NARROW, true),
        ("en", false, NARROW, true),
        ("zh-CN", true, super::WIDE, false),
        ("en", false, super::WIDE, false),
    ] {
        let browser = Browser::start(size, language, dark).await.unwrap();
        for (name, path) in pages.iter().filter(|(name, _)| all || SHOWN.contains(name)) {
            browser.open(&scene.url(path)).await.unwrap();
            says(&browser, "main h1", "").await;
            let lang = browser.run("return document.documentElement.lang").await.unwrap();
            assert_eq!(lang, if language == "zh-CN" { "zh-CN" } else { "en" }, "{path}");
            let overflow = browser
                .run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .await
                .unwrap();
            assert!(
                overflow.as_i64().unwrap() <= 0,
                "{path} is {overflow} pixels wider than the window of {size:?}"
            );
            let theme = if dark { "dark" } else { "light" };
            let picture = folder.join(format!("{name}-{language}-{theme}-{}.png", size.0));
            browser.picture(&picture).await.unwrap();
            let barriers = browser.barriers().await.unwrap();
            assert!(barriers.is_empty(), "{path} ({theme}): {barriers:#?}");
            let complaints = browser.complaints().await.unwrap();
            let expected = |said: &String| *name == "nothing" && said.contains("404");
            let complaints: Vec<_> = complaints.into_iter().filter(|said| !expected(said)).collect();
            assert!(complaints.is_empty(), "{path}: {complaints:?}");
        }
        let asked = browser.asked().await.unwrap();
        assert!(asked.len() >= SHOWN.len(), "{asked:?}");
        for url in asked {
            assert!(
                url.starts_with(&scene.desk.url) || url.starts_with("data:") || url.starts_with("chrome"),
                "{url} was asked"
            );
        }
    }
}

/// A letter that somebody edits, and a rule that is off.
async fn by_hand(scene: &Scene, digits: &str) {
    let draft = format!("dead/load/letters/{digits}/draft");
    scene.post(&draft, &serde_json::json!({})).await;
    let shown = scene.ask(&draft).await.unwrap();
    let text = shown["text"]
        .as_str()
        .unwrap()
        .replacen("\"text\": \"", "\"text\": \"改 ", 1);
    let me = scene.ask("me").await.unwrap();
    let kept = kit::http::client()
        .put(scene.url(&format!("/api/v1/{draft}")))
        .header("x-form-token", me["form_token"].as_str().unwrap())
        .json(&serde_json::json!({"text": text}));
    assert!(kept.send().await.unwrap().status().is_success());
    let rule = serde_json::json!({
        "name": "night-shift", "stage": "load", "where": "code=row-refused and age<7d", "reason": "夜间表单会修好",
        "between": "02:00-06:00", "rate": "200/m", "at_most": 5000,
    });
    scene.post("rules", &rule).await;
    let off = serde_json::json!({"reason": "先看看"});
    scene.post("rules/night-shift/off", &off).await;
}
