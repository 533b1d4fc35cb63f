//! `--print-config`: which value counts, where it comes from, and what is wrong with it.

use super::{complete, refused, run};
use kit::pipeline::{Service, Settings};

async fn shown(service: Service, settings: &Settings, arguments: &[&str]) -> String {
    let output = run(service, settings, arguments).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {said}",
        service.name()
    );
    String::from_utf8(output.stdout).unwrap()
}

fn line<'a>(shown: &'a str, variable: &str) -> &'a str {
    let start = format!("{variable}=");
    let found = shown.lines().find(|line| line.starts_with(&start));
    found.unwrap_or_else(|| panic!("{variable} is not in {shown}"))
}

#[tokio::test]
async fn print_config_says_what_counts_and_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let key = write("key", "file-secret-value");
    let file = write(
        "okki.env",
        "# of a friend\nLINGER=300ms\nCONCURRENCY=3\nBATCH_SIZE=\"50\"\nexport ON_REMOVAL='mark:_w=gone away'\n",
    );
    let mut settings = complete(Service::Loader);
    for name in ["JDY_APP_ID", "JDY_ENTRY_ID", "JDY_API_KEY"] {
        settings.remove(name);
    }
    settings.insert("MAPPING".into(), kit::config::mapping_document());
    settings.insert("JDY_API_KEY_FILE".into(), key.clone());
    settings.insert("CONCURRENCY".into(), "4".into());
    let arguments = ["run", "--print-config", "--env-file", &file, "--batch-size", "60"];
    let shown = shown(Service::Loader, &settings, &arguments).await;
    for (variable, value, from) in [
        ("BATCH_SIZE", "60", "# flag --batch-size".to_owned()),
        ("CONCURRENCY", "4", "# environment".to_owned()),
        ("LINGER", "300ms", format!("# file {file}")),
        ("ON_REMOVAL", "mark:_w=gone away", format!("# file {file}")),
        ("PATIENCE", "8m", "# default".to_owned()),
        ("JDY_API_KEY", "***", format!("# file {key}")),
        (
            "JDY_APP_ID",
            "647efacc2a57bd0008e51e9e",
            format!("# document {}", kit::config::mapping_document()),
        ),
        (
            "AMQP_URL",
            "amqp://guest:***@127.0.0.1:9/%2f",
            "# environment".to_owned(),
        ),
    ] {
        let line = line(&shown, variable);
        assert!(line.starts_with(&format!("{variable}={value} ")), "{line}");
        assert!(line.ends_with(&from), "{line}: not {from}");
    }
    assert!(!shown.contains("secret-value"), "{shown}");
}

/// `EVERY` in the environment of who types `--cron`, and a secret here and its file there.
#[tokio::test]
async fn a_variable_that_contradicts_a_typed_flag_loses() {
    let mut settings = complete(Service::Extractor);
    settings.insert("EVERY".into(), "1m".into());
    let arguments = ["run", "--print-config", "--cron", "0 * * * *"];
    let printed = shown(Service::Extractor, &settings, &arguments).await;
    assert!(line(&printed, "CRON").ends_with("# flag --cron"), "{printed}");
    assert!(line(&printed, "EVERY").starts_with("EVERY= "), "{printed}");
    // Both typed is a contradiction of its own.
    let both = ["run", "--cron", "0 * * * *", "--every", "5m"];
    refused(Service::Extractor, &settings, &both, 64, &["--cron", "--every"]).await;
    settings.insert("OKKI_CLIENT_SECRET_FILE".into(), "/nowhere/secret".into());
    refused(
        Service::Extractor,
        &settings,
        &["run"],
        78,
        &["OKKI_CLIENT_SECRET: is given twice"],
    )
    .await;
    let typed = [
        "run",
        "--print-config",
        "--okki-client-secret",
        "typed-secret-value",
    ];
    let printed = shown(Service::Extractor, &settings, &typed).await;
    assert!(
        line(&printed, "OKKI_CLIENT_SECRET").ends_with("# flag --okki-client-secret"),
        "{printed}"
    );
    assert!(
        line(&printed, "OKKI_CLIENT_SECRET_FILE").starts_with("OKKI_CLIENT_SECRET_FILE= "),
        "{printed}"
    );
}

/// What is marked in the lines that follow the variable's own.
fn marked<'a>(shown: &'a str, variable: &str) -> Vec<&'a str> {
    let behind = shown
        .lines()
        .skip_while(|line| !line.starts_with(&format!("{variable}=")))
        .skip(1);
    behind.take_while(|line| line.starts_with("# ✗ ")).collect()
}

/// Whoever sets a program up reads one list: what counts, and beside it what cannot.
#[tokio::test]
async fn what_is_wrong_stands_beside_its_variable_with_cause_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("okki.env");
    std::fs::write(&file, "LINGER=long\nBATCH_SIZES=7\n").unwrap();
    let file = file.display().to_string();
    let mut settings = complete(Service::Loader);
    settings.remove("JDY_APP_ID");
    for (name, value) in [
        ("LOG_FORMAT", "colourful"),
        ("BATCH_SIZE", "0"),
        ("JDY_API_KEY_FILE", "/nowhere/key"),
        ("JDY_KEYWIDGET", "secret-value"),
    ] {
        settings.insert(name.into(), value.into());
    }
    let arguments = ["run", "--print-config", "--env-file", &file];
    let output = run(Service::Loader, &settings, &arguments).await;
    assert_eq!(output.status.code(), Some(78));
    let shown = String::from_utf8(output.stdout).unwrap();
    for (variable, value, from, cause) in [
        ("LOG_FORMAT", "colourful", "environment", "possible values"),
        ("BATCH_SIZE", "0", "environment", "`0` is out of range"),
        ("LINGER", "long", file.as_str(), "duration"),
        ("JDY_APP_ID", "", "default", "is required but not set"),
        ("JDY_API_KEY", "***", "environment", "is given twice"),
        ("JDY_KEYWIDGET", "***", "environment", "JDY_KEY_WIDGET"),
        ("BATCH_SIZES", "***", file.as_str(), "BATCH_SIZE"),
    ] {
        let line = line(&shown, variable);
        assert!(line.starts_with(&format!("{variable}={value} ")), "{line}");
        assert!(line.ends_with(from), "{line}");
        let marked = marked(&shown, variable);
        assert!(
            marked.len() == 1 && marked[0].contains(cause),
            "{variable}: {shown}"
        );
    }
    assert_eq!(shown.matches('✗').count(), 7, "{shown}");
    assert!(!shown.contains("secret-value"), "{shown}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("✗: 7"), "{said}");
    // A flag is no variable; who types it reads what is wrong with it at once.
    for service in Service::ALL {
        let settings = complete(service);
        let output = run(service, &settings, &["run", "--print-config"]).await;
        assert!(output.status.success(), "{}: {output:?}", service.name());
    }
}
