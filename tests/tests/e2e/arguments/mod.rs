//! Bad settings: each is named, with what was expected, before anything is connected to; exit code 64 or 78.

mod blanks;
mod named;
mod shown;
mod typed;

use kit::pipeline::{Service, Settings, command};
use std::process::Output;
use std::time::Duration;

/// Enough for each service to get past its settings; nothing listens there.
fn complete(service: Service) -> Settings {
    let own: &[(&str, &str)] = match service {
        Service::Extractor => &[
            ("OKKI_BASE_URL", "http://127.0.0.1:9"),
            ("OKKI_CLIENT_ID", "id"),
            ("OKKI_CLIENT_SECRET", "okki-secret-value"),
        ],
        Service::Transformer => &[],
        Service::Loader => &[
            ("JDY_BASE_URL", "http://127.0.0.1:9"),
            ("JDY_API_KEY", "jdy-secret-value"),
            ("JDY_APP_ID", "647efacc2a57bd0008e51e9e"),
            ("JDY_ENTRY_ID", "668a08beaf5a1cb83e659b52"),
            ("JDY_KEY_WIDGET", "_widget_okki_id"),
        ],
    };
    let services = [
        ("AMQP_URL", "amqp://guest:amqp-secret-value@127.0.0.1:9/%2f"),
        ("REDIS_URL", "redis://127.0.0.1:9/0"),
    ];
    let mut settings: Settings = own
        .iter()
        .chain(&services)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    if service == Service::Transformer {
        settings.insert("MAPPING".into(), kit::config::mapping_document());
    }
    settings
}

/// Runs to the end, which must come by itself and soon: these programs may not begin to wait for anything.
async fn run(service: Service, settings: &Settings, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(command(service, settings).unwrap());
    let output = command.args(arguments).kill_on_drop(true).output();
    tokio::time::timeout(Duration::from_secs(120), output)
        .await
        .expect("ends at once")
        .unwrap()
}

async fn refused(service: Service, settings: &Settings, arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(service, settings, arguments).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{} {arguments:?}: {said}",
        service.name()
    );
    for word in words {
        assert!(
            said.contains(word),
            "{} {arguments:?}: no `{word}` in: {said}",
            service.name()
        );
    }
    assert!(!said.contains("secret-value"), "a secret in: {said}");
    assert!(
        !said.contains("admin listening"),
        "started before it checked its settings: {said}"
    );
}
