//! The same as commands of a script, which ask for nothing.

use super::super::{LIMIT, Scene};
use super::{KEY, SECRET, unset};
use kit::config::mapping_document;
use kit::pipeline::Service;
use kit::wait::{eventually, expect};
use pipeline::setting::Secret;
use pipeline::setup::SealingKey;
use serde_json::{Value, json};

pub(super) fn files(folder: &std::path::Path) -> Vec<(String, String)> {
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
