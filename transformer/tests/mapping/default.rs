//! The document for real use: held to its own examples through the command, and to the seed where they agree.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use clap::Parser;
use transformer::Cli;
use transformer::map::Mapping;

fn command(args: &[&str]) -> Result<(), String> {
    let cli = Cli::try_parse_from(["transformer", "mapping"].iter().chain(args))
        .map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(transformer::run(cli))
        .map_err(|error| format!("{error:#}"))
}

fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("mappings")
        .join(name)
        .display()
        .to_string()
}

#[test]
fn the_examples_hold() {
    assert_eq!(
        command(&[
            "test",
            &file("default.json"),
            "--cases",
            &file("default.tests.json")
        ]),
        Ok(())
    );
    let failed = command(&["test", &file("seed.json"), "--cases", &file("default.tests.json")]).unwrap_err();
    assert_eq!(failed, "the mapping does not do what its tests say");
}

#[test]
fn both_documents_fill_the_same_form() {
    let (seed, default) = (
        include_str!("../../mappings/seed.json"),
        include_str!("../../mappings/default.json"),
    );
    let fields = |text: &str| {
        Mapping::load(text, None)
            .unwrap()
            .fields()
            .iter()
            .map(|f| (f.field.clone(), f.label.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(seed), fields(default));
    assert!(Mapping::load(default, None).unwrap().warnings().is_empty());
}

#[test]
fn check_compares_with_a_saved_form() {
    let folder = tempfile::tempdir().unwrap();
    let form = folder.path().join("form.json");
    let widgets = |change: &str| {
        let list: Vec<String> = (295..=308)
            .map(|n| format!(r#"{{"name": "_widget_1720322268{n}", "widgetName": "_widget_1720322268{n}", "type": "{}"}}"#, if n == 302 { change } else { "text" }))
            .collect();
        std::fs::write(
            &form,
            format!(
                r#"{{"widgets": [{}], "sysWidgets": [{{"name": "creator"}}]}}"#,
                list.join(",")
            ),
        )
        .unwrap();
    };
    let form = form.display().to_string();
    widgets("text");
    assert_eq!(
        command(&["check", &file("default.json"), "--form", &form]),
        Ok(())
    );
    widgets("number");
    let error = command(&["check", &file("default.json"), "--form", &form]).unwrap_err();
    assert!(
        error.contains("_widget_1720322268302 is a number on the form, but text is sent"),
        "{error}"
    );
    assert!(
        error.contains("default.json:61:16: field \"客户星级\": "),
        "{error}"
    );
    widgets("sn");
    assert!(
        command(&["check", &file("default.json"), "--form", &form])
            .unwrap_err()
            .contains("which cannot be written")
    );
    assert!(
        command(&["check", "/nowhere.json"])
            .unwrap_err()
            .contains("/nowhere.json")
    );
    let both = command(&["check", &file("default.json"), "--form", &form, "--live"]).unwrap_err();
    assert!(both.contains("cannot be used with"), "{both}");
    let nowhere = [
        "check",
        &file("default.json"),
        "--live",
        "--redis-url",
        "http://x/",
    ];
    let nowhere = command(&nowhere).unwrap_err();
    assert!(
        nowhere.starts_with("REDIS_URL: must begin with redis://"),
        "{nowhere}"
    );
    assert_eq!(command(&["explain", &file("default.json")]), Ok(()));
}
