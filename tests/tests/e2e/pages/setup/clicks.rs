//! By clicking in a browser: from keys to rows, and the rows of a filled form adopted.

use super::super::{LIMIT, Scene, browser, says};
use super::script::files;
use super::{KEY, SECRET, unset};
use crate::loader::adopt::{as_it_is, fill, keyed};
use kit::browser::Browser;
use kit::config::mapping_document;
use kit::simulator::KEY_WIDGET;
use serde_json::{Value, json};

/// Fills a form of the page and sends it.
async fn send(browser: &Browser, step: &str, fields: &[(&str, &str)]) {
    let form = format!("form:has(input[value='{step}'])");
    for (name, text) in fields {
        browser
            .fill(&format!("{form} [name={name}]"), text)
            .await
            .unwrap();
    }
    browser.click(&format!("{form} button")).await.unwrap();
}

async fn choose(browser: &Browser, step: &str, name: &str, text: &str) {
    let form = format!("form:has(input[value='{step}'])");
    browser
        .choose(&format!("{form} select[name={name}]"), text)
        .await
        .unwrap();
    browser.click(&format!("{form} button")).await.unwrap();
}

/// Both keys, the form and its key widget, all by what people see.
async fn up_to_the_mapping(scene: &Scene, vendors: &str, browser: &Browser) {
    browser.open(&scene.url("/setup")).await.unwrap();
    says(browser, "[data-program=loader] .state", "waits for its settings").await;
    says(
        browser,
        "[data-program=extractor] .state",
        "waits for its settings",
    )
    .await;
    let keys = [
        ("client_id", "sim-okki-client"),
        ("client_secret", SECRET),
        ("base_url", vendors),
    ];
    send(browser, "okki-keys", &keys).await;
    says(browser, "#okki .good", "OKKI has accepted the keys").await;
    send(browser, "jdy-key", &[("api_key", KEY), ("base_url", vendors)]).await;
    says(browser, "#jdy .good", "Jiandaoyun has accepted the key").await;
    choose(browser, "form", "form", "OKKI 客户").await;
    says(browser, "#form .good", "OKKI 客户").await;
    choose(browser, "key-widget", "name", "OKKI ID").await;
    says(browser, "#key .good", "OKKI ID").await;
}

/// Pastes a document, as nobody would type one.
async fn paste(browser: &Browser, document: &str) {
    let script = format!(
        "document.querySelector('textarea[name=document]').value = {};",
        Value::from(document)
    );
    browser.run(&script).await.unwrap();
    browser
        .click("form:has(textarea[name=document]) button")
        .await
        .unwrap();
}

#[tokio::test]
async fn from_keys_to_rows_without_one_id_of_a_widget() {
    let (mut scene, vendors, _) = unset(40, 441).await;
    let browser = browser("en").await;
    browser.open(&scene.url("/setup")).await.unwrap();
    says(
        &browser,
        "[data-program=extractor] .state",
        "waits for its settings",
    )
    .await;
    // Keys that the vendor refuses are not kept, and the page says why.
    let wrong = [
        ("client_id", "sim-okki-client"),
        ("client_secret", "guessed"),
        ("base_url", &vendors),
    ];
    send(&browser, "okki-keys", &wrong).await;
    says(&browser, "#okki .trouble", "OKKI_CLIENT_SECRET").await;
    up_to_the_mapping(&scene, &vendors, &browser).await;

    send(&browser, "draft", &[]).await;
    says(&browser, "#trial .good", "can be used").await;
    says(&browser, "#mapping details", "客户公司名称").await;
    let page = browser.source().await.unwrap();
    assert!(!page.contains(SECRET) && !page.contains(KEY), "{page}");

    for language in ["zh", "en"] {
        let page = format!("/language?to={language}&next=/setup");
        browser.open(&scene.url(&page)).await.unwrap();
        says(&browser, "#trial", "客户公司名称").await;
        browser
            .run("document.querySelector('#trial').scrollIntoView()")
            .await
            .unwrap();
        let folder = kit::config::repository().join("target/desk");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = folder.join(format!("setting-up-{language}.png"));
        browser.picture(&picture).await.unwrap();
        let barriers = browser.barriers().await.unwrap();
        assert!(barriers.is_empty(), "{barriers:#?}");
    }

    // A document that fills the key widget is refused beside what it says; the integrator's own is taken as it is.
    let document = std::fs::read_to_string(mapping_document()).unwrap();
    let mut greedy: Value = serde_json::from_str(&document).unwrap();
    greedy["request"][0]["field"] = json!(KEY_WIDGET);
    paste(&browser, &greedy.to_string()).await;
    says(&browser, "#trial .trouble", "the mapping fills the key widget").await;
    assert_eq!(browser.count("#go").await, 0);
    paste(&browser, &document).await;
    says(&browser, "#trial .good", "can be used").await;
    says(&browser, "#rows .good", "The form is empty.").await;
    // The samples are there after the desk was killed, too.
    scene.desk.process.kill9().unwrap();
    let port = url::Url::parse(&scene.desk.url).unwrap().port().unwrap();
    scene.desk = kit::desk::Desk::start_at(&scene.pipeline, scene.folder.path(), port, &[])
        .await
        .unwrap();
    browser.open(&scene.url("/setup")).await.unwrap();
    says(&browser, "#trial .good", "can be used").await;
    says(&browser, "#trial h3", "5 customers as they would be written").await;
    // Of the desk that was killed.
    browser.complaints().await.unwrap();

    send(&browser, "first", &[]).await;
    scene.pipeline.rows(LIMIT, 20).await;
    says(&browser, "#begun [data-wish=done]", "20").await;
    assert_eq!(
        scene.pipeline.simulator.form_rows(),
        20,
        "the first ones and nobody else"
    );
    send(&browser, "everything", &[]).await;
    browser.accept().await.unwrap();
    scene.pipeline.rows(LIMIT, 40).await;
    says(&browser, "#begun", "The pipeline works.").await;
    scene.pipeline.until_equal(LIMIT).await;

    // Keys are where they belong and nowhere else.
    for (name, text) in files(scene.folder.path()) {
        let is_own = name.starts_with("settings/");
        assert!(is_own || !text.contains(SECRET) && !text.contains(KEY), "{name}");
        assert!(
            !name.starts_with("settings/transformer") || !text.contains(KEY),
            "{name}"
        );
    }
    let logs = scene.pipeline.logs(10_000);
    assert!(!logs.contains(SECRET) && !logs.contains(KEY));
    let complaints = browser.complaints().await.unwrap();
    let own: Vec<_> = complaints.iter().filter(|one| !one.contains("422")).collect();
    assert!(own.is_empty(), "{own:?}");
}

#[tokio::test]
async fn a_filled_form_is_adopted_by_clicking_and_not_doubled() {
    let (mut scene, vendors, _) = unset(30, 442).await;
    let ids = scene.pipeline.simulator.company_ids();
    for id in &ids[..12] {
        fill(&scene.pipeline, *id, as_it_is);
    }
    let browser = browser("en").await;
    up_to_the_mapping(&scene, &vendors, &browser).await;
    let document = std::fs::read_to_string(mapping_document()).unwrap();
    paste(&browser, &document).await;
    says(&browser, "#trial .good", "can be used").await;
    says(&browser, "#rows", "rows without a key").await;
    // The first ones alone could not be matched.
    assert_eq!(browser.count("form:has(input[value='first'])").await, 0);
    send(&browser, "everything", &[]).await;
    browser.accept().await.unwrap();
    // Told by messages and what they carry on average.
    says(&browser, "#adoption", "records wait for the loader.").await;
    assert_eq!(scene.pipeline.simulator.form_rows(), 12);

    browser.open(&scene.url("/setup")).await.unwrap();
    let name = "form:has(input[value='adopt'])";
    browser
        .click(&format!("{name} label:first-child input"))
        .await
        .unwrap();
    browser.click(&format!("{name} button[value=no]")).await.unwrap();
    says(
        &browser,
        "#adoption [data-wish=done]",
        "12 rows fit exactly one of them",
    )
    .await;
    assert_eq!(
        keyed(&scene.pipeline).1,
        12,
        "nothing is written before somebody says so"
    );
    browser
        .click(&format!("{name} label:first-child input"))
        .await
        .unwrap();
    browser.click(&format!("{name} button[value=yes]")).await.unwrap();
    browser.accept().await.unwrap();
    says(&browser, "#adoption", "12 rows have got their keys").await;
    scene.pipeline.rows(LIMIT, 30).await;
    let (rows, keyless) = keyed(&scene.pipeline);
    assert_eq!(keyless, 0);
    assert!(rows.values().all(|rows| rows.len() == 1), "{rows:?}");
    scene.pipeline.until_equal(LIMIT).await;
}
