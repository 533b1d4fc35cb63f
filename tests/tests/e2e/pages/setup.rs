//! Setting up by clicking: from nothing to rows without one id of a widget, and a form that is filled already.

use super::{LIMIT, Scene, browser, says};
use crate::loader::adopt::{as_it_is, fill, keyed};
use kit::{
    browser::Browser,
    config::mapping_document,
    pipeline::{PipelineUnderTest, ReplicaId, Service},
    simulator::KEY_WIDGET,
    wait::{eventually, expect},
};
use pipeline::{setting::Secret, setup::SealingKey};
use serde_json::{Value, json};

const SECRET: &str = "sim-okki-secret";
const KEY: &str = "sim-jdy-key";

/// The three programs without any setting of a vendor, and a desk beside them; and where the vendors are.
async fn unset(customers: u32, seed: u64) -> (Scene, String, [ReplicaId; 3]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let vendors = pipeline.settings(Service::Extractor)["OKKI_BASE_URL"].clone();
    let folder = tempfile::tempdir().unwrap();
    pipeline.set("SETUP_DIR", folder.path().join("settings").display().to_string());
    for (service, name) in [
        (Service::Extractor, "OKKI_BASE_URL"),
        (Service::Extractor, "OKKI_CLIENT_ID"),
        (Service::Extractor, "OKKI_CLIENT_SECRET"),
        (Service::Transformer, "MAPPING"),
        (Service::Loader, "JDY_BASE_URL"),
        (Service::Loader, "JDY_API_KEY"),
        (Service::Loader, "JDY_APP_ID"),
        (Service::Loader, "JDY_ENTRY_ID"),
        (Service::Loader, "JDY_KEY_WIDGET"),
    ] {
        pipeline.unset_for(service, name);
    }
    let replicas = pipeline.run_all();
    let desk = kit::desk::Desk::start(&pipeline, folder.path(), &[])
        .await
        .unwrap();
    let scene = Scene {
        pipeline,
        desk,
        folder,
    };
    (scene, vendors, replicas)
}

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

fn files(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
            let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap_or_default()).into_owned();
            found.push((name, text));
        }
    }
    found
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
    says(&browser, "#adoption", "30 records wait for the loader.").await;
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

#[tokio::test]
async fn a_script_sets_up_and_says_what_is_missing() {
    let (mut scene, vendors, replicas) = unset(10, 443).await;
    let command = kit::desk::command(&scene.pipeline).unwrap();
    let settings: Vec<(String, String)> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned())))
        .collect();
    let run = async |keys: bool, more: &[&str]| {
        let mut command = std::process::Command::new(command.get_program());
        command.env_clear().envs(settings.iter().cloned());
        command
            .args(["setup", "--non-interactive", "--data"])
            .arg(scene.folder.path().join("cli"))
            .args(more);
        if keys {
            command
                .env("OKKI_CLIENT_ID", "sim-okki-client")
                .env("OKKI_CLIENT_SECRET", SECRET)
                .env("OKKI_BASE_URL", &vendors)
                .env("JDY_API_KEY", KEY)
                .env("JDY_BASE_URL", &vendors);
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (
            output.status.code(),
            format!("{}{}", text(&output.stdout), text(&output.stderr)),
        )
    };
    eventually(LIMIT, "the programs wait", async || {
        let (code, said) = run(false, &[]).await;
        expect(code == Some(78) && said.contains("OKKI_CLIENT_ID"), || said)
    })
    .await;
    let (code, said) = run(true, &["--form", "okki客户"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("there is none of that name") && said.contains("OKKI 客户"),
        "the nearest names: {said}"
    );
    let (code, said) = run(false, &["--form", "OKKI 客户"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("--key-widget has to name one of") && said.contains("OKKI ID"),
        "{said}"
    );
    let (code, said) = run(
        false,
        &["--key-widget", "OKKI ID", "--mapping", &mapping_document()],
    )
    .await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("--everything"), "{said}");
    assert_eq!(scene.pipeline.simulator.form_rows(), 10);
    let (code, said) = run(false, &["--everything"]).await;
    assert_eq!(code, Some(0), "{said}");
    // Nothing is said to be done that has only begun, and what was tried by another process is known.
    assert!(
        !said.contains("are written") && said.contains("begin to write"),
        "{said}"
    );
    assert!(!said.contains("fills 0"), "{said}");
    scene.pipeline.until_equal(LIMIT).await;
    // The same once more, of a pipeline that runs: it goes on listing.
    let (code, said) = run(false, &["--mapping", &mapping_document()]).await;
    assert_eq!(code, Some(0), "{said}");
    let kept = scene.folder.path().join("settings/extractor.env");
    let text = std::fs::read_to_string(kept).unwrap();
    assert!(text.contains("LISTING=on"), "{text}");

    // Settings that somebody has spoilt: the program waits and says so, and setting up helps.
    let [_, _, loader] = replicas;
    let kept = scene.folder.path().join("settings/loader.env");
    let text = std::fs::read_to_string(&kept).unwrap();
    let without_key = |line: &&str| !line.contains("JDY_API_KEY");
    let spoilt = text.lines().filter(without_key).collect::<Vec<_>>().join("\n");
    scene.pipeline[loader].process().stop(LIMIT).await.unwrap();
    std::fs::write(&kept, spoilt).unwrap();
    scene.pipeline.restart(loader).unwrap();
    scene.pipeline[loader]
        .pauses_for("the settings cannot be used: JDY_API_KEY")
        .await;
    let (code, said) = run(false, &["--everything"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("JDY_API_KEY"), "{said}");
    // What was written for the others before has them begin anew; until they have, they are not there.
    eventually(LIMIT, "everything is set up again", async || {
        let (code, said) = run(true, &["--everything"]).await;
        expect(code == Some(0), || said)
    })
    .await;
    scene.pipeline.simulator.add(3);
    scene.pipeline.until_equal(LIMIT).await;
    for nonsense in ["IGNORE_KEYLESS=perhaps\n", "nonsense\n"] {
        scene.pipeline[loader].process().stop(LIMIT).await.unwrap();
        std::fs::write(&kept, nonsense).unwrap();
        scene.pipeline.restart(loader).unwrap();
        scene.pipeline[loader]
            .pauses_for("the settings cannot be used")
            .await;
        other_commands_serve(&scene, nonsense).await;
    }
    let (code, said) = run(true, &["--everything"]).await;
    assert_eq!(code, Some(0), "{said}");
    scene.pipeline.simulator.add(3);
    scene.pipeline.until_equal(LIMIT).await;
    no_stored_key_goes_elsewhere(&scene).await;
}

/// What is spoilt in the folder keeps nobody from looking at dead letters.
async fn other_commands_serve(scene: &Scene, nonsense: &str) {
    let arguments = ["dead", "list", "--json"];
    let output = scene.pipeline.tool_output(Service::Loader, &arguments).await;
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // A setting of another command is none of theirs.
    let concerns = !nonsense.contains('=');
    let told = said.contains("the settings in SETUP_DIR are left out");
    assert_eq!(told, concerns, "{said}");
}

/// Whoever can ask for wishes, and knows no key, names another host.
async fn no_stored_key_goes_elsewhere(scene: &Scene) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}", listener.local_addr().unwrap());
    let health = scene.ask("health").await.unwrap();
    let token = scene.ask("me").await.unwrap()["form_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for (stage, service, address) in [
        ("extract", "extractor", "OKKI_BASE_URL"),
        ("load", "loader", "JDY_BASE_URL"),
    ] {
        let replicas = health["replicas"].as_array().unwrap();
        let key = replicas
            .iter()
            .find(|one| one["service"] == service && one["status"]["setup"]["key"].is_string())
            .map(|one| one["status"]["setup"]["key"].clone())
            .unwrap();
        let key: SealingKey = serde_json::from_value(key).unwrap();
        let named = [(address.to_owned(), Secret::new(elsewhere.clone()))];
        let sealed = key.seal(&named.into_iter().collect()).unwrap();
        let asked: Value = kit::http::client()
            .post(scene.url("/api/v1/wishes"))
            .header("x-form-token", &token)
            .json(&json!({"kind": "keys", "stage": stage, "sealed": sealed, "reason": "x"}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let id = asked["wish"]["id"].as_str().unwrap();
        eventually(LIMIT, "it is refused", async || {
            let wishes = scene.ask("wishes").await?;
            let all = wishes["wishes"].as_array().cloned().unwrap_or_default();
            let wish = all.into_iter().find(|one| one["id"] == id).unwrap_or_default();
            let refused = wish["state"] == "failed"
                && wish["outcome"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("is missing");
            expect(refused, || wish.to_string())
        })
        .await;
    }
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(10), listener.accept()).await;
    assert!(nobody.is_err(), "somebody has called {elsewhere}");
}
