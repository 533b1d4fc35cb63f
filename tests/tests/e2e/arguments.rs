//! Bad settings: each is named, with what was expected, before anything is connected to; exit code 64 or 78.

use std::process::Output;
use std::time::Duration;

use kit::pipeline::{Service, Settings, command};

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

#[tokio::test]
async fn a_missing_variable_is_named() {
    let required = [
        (
            Service::Extractor,
            vec!["AMQP_URL", "REDIS_URL", "OKKI_CLIENT_ID", "OKKI_CLIENT_SECRET"],
        ),
        (Service::Transformer, vec!["AMQP_URL", "REDIS_URL", "MAPPING"]),
        (
            Service::Loader,
            vec![
                "AMQP_URL",
                "REDIS_URL",
                "JDY_API_KEY",
                "JDY_APP_ID",
                "JDY_ENTRY_ID",
            ],
        ),
    ];
    for (service, names) in required {
        for name in names {
            let mut settings = complete(service);
            settings.remove(name).unwrap();
            refused(service, &settings, &["run"], 78, &[name]).await;
        }
    }
}

#[tokio::test]
async fn a_malformed_value_is_named() {
    let mut wrong: Vec<(Service, &str, &str)> = vec![
        (Service::Extractor, "OKKI_BASE_URL", "not a url"),
        (Service::Extractor, "OKKI_RATE", "many"),
        (Service::Extractor, "OKKI_GROUP_ID", "x"),
        (Service::Extractor, "OKKI_GROUP_ID", "1,,2"),
        (Service::Extractor, "HOOK_LISTEN", "everywhere"),
        (Service::Loader, "JDY_BASE_URL", "ftp://example.com"),
    ];
    for service in Service::ALL {
        wrong.extend([
            (service, "AMQP_URL", "http://guest:secret-value@127.0.0.1/"),
            (service, "AMQP_URL", "amqp//secret-value"),
            (service, "REDIS_URL", "127.0.0.1:6379"),
            (service, "NAMESPACE", "Not Legal"),
            (service, "ADMIN_LISTEN", "everywhere"),
            (service, "RETRY_DELAYS", "1m,5s"),
            (service, "DRAIN_DEADLINE", "soon"),
            (service, "LOG_LEVEL", "pipeline=loud"),
        ]);
    }
    for (service, name, value) in wrong {
        let mut settings = complete(service);
        settings.insert(name.into(), value.into());
        refused(service, &settings, &["run"], 78, &[name]).await;
    }
}

/// After an hour Jiandaoyun forgets a transaction id, and would write its rows once more.
#[tokio::test]
async fn times_that_exceed_the_vendors_hour_together_are_named() {
    let wrong = [
        [("RESEND_FOR", "59m"), ("PATIENCE", "5m"), ("JDY_TIMEOUT", "30s")],
        [("RESEND_FOR", "50m"), ("PATIENCE", "11m"), ("JDY_TIMEOUT", "30s")],
        [("RESEND_FOR", "58m"), ("PATIENCE", "1m"), ("JDY_TIMEOUT", "2m")],
    ];
    for times in wrong {
        let mut settings = complete(Service::Loader);
        settings.extend(times.map(|(name, value)| (name.into(), value.into())));
        let words = ["RESEND_FOR", "PATIENCE", "JDY_TIMEOUT", "at most 1h"];
        refused(Service::Loader, &settings, &["run"], 78, &words).await;
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(kit::config::mapping_document()).unwrap();
    let batches = folder.path().join("batches.json");
    std::fs::write(&batches, text.replacen("data_create", "data/batch_create", 1)).unwrap();
    let mapping = kit::config::mapping_document();
    let mut wrong = vec![
        (Service::Loader, vec![("LINGER", "61s")], "LINGER"),
        (
            Service::Loader,
            vec![("WRITE_MODE", "single"), ("MAPPING", batches.to_str().unwrap())],
            "WRITE_MODE",
        ),
        (
            Service::Loader,
            vec![
                ("ON_REMOVAL", "mark:_widget_1720322268295"),
                ("MAPPING", mapping.as_str()),
            ],
            "ON_REMOVAL",
        ),
    ];
    wrong.extend(Service::ALL.map(|service| (service, vec![("HOLD_AT_MOST", "26m")], "HOLD_AT_MOST")));
    for (service, values, word) in wrong {
        let mut settings = complete(service);
        settings.extend(
            values
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        refused(service, &settings, &["run"], 78, &[word]).await;
    }
}

#[tokio::test]
async fn an_unknown_flag_or_command_is_a_usage_error() {
    for service in Service::ALL {
        refused(
            service,
            &complete(service),
            &["run", "--colour"],
            64,
            &["--colour"],
        )
        .await;
        refused(service, &complete(service), &["jump"], 64, &["jump"]).await;
    }
}

#[tokio::test]
async fn help_and_version_are_no_errors() {
    for service in Service::ALL {
        for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
            let output = run(service, &Settings::new(), arguments).await;
            assert!(output.status.success(), "{} {arguments:?}", service.name());
            assert!(
                !output.stdout.is_empty(),
                "{} {arguments:?} says nothing",
                service.name()
            );
        }
    }
}

#[tokio::test]
async fn a_bad_mapping_document_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read_to_string(kit::config::mapping_document()).unwrap();
    let first_field = "_widget_1720322268295";
    let second_field = "_widget_1720322268296";
    assert!(good.contains(first_field) && good.contains(second_field) && good.contains("{name}"));
    let cases: Vec<(&str, Option<String>, Vec<&str>)> = vec![
        ("missing.json", None, vec!["missing.json"]),
        (
            "not-json.json",
            Some(good.replacen('[', "[[", 1)),
            vec!["not-json.json:22:", "not JSON"],
        ),
        (
            "unknown-expression.json",
            Some(good.replacen("\"{name}\"", "\"_function FROBNICATE({name})\"", 1)),
            vec!["unknown-expression.json", "客户公司名称", "FROBNICATE"],
        ),
        (
            "duplicate-field.json",
            Some(good.replace(second_field, first_field)),
            vec!["duplicate-field.json", first_field],
        ),
    ];
    for (name, text, words) in cases {
        let path = folder.path().join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let mut settings = complete(Service::Transformer);
        settings.insert("MAPPING".into(), path.display().to_string());
        refused(Service::Transformer, &settings, &["run"], 78, &words).await;
    }
}

/// Who sets a program up corrects a list, and not one line a start.
#[tokio::test]
async fn everything_that_is_missing_or_malformed_is_said_at_once() {
    let wrong = |service: Service, gone: &[&str], values: &[(&str, &str)]| {
        let mut settings = complete(service);
        for name in gone {
            settings.remove(*name).unwrap();
        }
        settings.extend(
            values
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        );
        settings
    };
    let common = [
        ("NAMESPACE", "Not Legal"),
        ("LOG_FORMAT", "colourful"),
        ("ALERT_EVERY", "often"),
    ];
    let mut settings = wrong(Service::Extractor, &["AMQP_URL", "OKKI_CLIENT_ID"], &common);
    settings.extend(
        [("OKKI_RATE", "many"), ("POLL_QUIET", "soon")].map(|(name, value)| (name.into(), value.into())),
    );
    let words = [
        "AMQP_URL: ",
        "OKKI_CLIENT_ID: ",
        "NAMESPACE: ",
        "LOG_FORMAT: ",
        "ALERT_EVERY: ",
        "OKKI_RATE: ",
    ];
    refused(Service::Extractor, &settings, &["run"], 78, &words).await;
    let mut settings = wrong(Service::Loader, &["REDIS_URL", "JDY_API_KEY"], &common);
    settings.extend(
        [
            ("BATCH_SIZE", "0"),
            ("JDY_RATE_READ", "fast"),
            ("JDY_TIMEOUT", "long"),
            ("HOOK_LISTEN", "here"),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    );
    let words = [
        "REDIS_URL: ",
        "JDY_API_KEY: ",
        "NAMESPACE: ",
        "LOG_FORMAT: ",
        "BATCH_SIZE: ",
        "JDY_RATE_READ: ",
        "JDY_TIMEOUT: ",
        "HOOK_LISTEN: ",
    ];
    for command in ["run", "doctor"] {
        refused(Service::Loader, &settings, &[command], 78, &words).await;
    }
    let mut settings = wrong(Service::Transformer, &["MAPPING"], &common);
    settings.insert("BATCH_SIZE".into(), "0".into());
    settings.insert("LINGER".into(), "long".into());
    let words = [
        "MAPPING: ",
        "NAMESPACE: ",
        "LOG_FORMAT: ",
        "BATCH_SIZE: ",
        "LINGER: ",
    ];
    refused(Service::Transformer, &settings, &["run"], 78, &words).await;
}

/// Redis is away, and so every one of these ends by itself.
#[tokio::test]
async fn a_variable_that_looks_like_a_setting_and_is_none_is_told() {
    let mut settings = complete(Service::Loader);
    settings.insert("JDY_KEYWIDGET".into(), "_widget_1".into());
    settings.insert("REDIS_SERVICE_HOST".into(), "10.0.0.7".into());
    let output = run(Service::Loader, &settings, &["index", "show", "1"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in ["JDY_KEYWIDGET", "JDY_KEY_WIDGET", "does nothing"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    assert!(!said.contains("REDIS_SERVICE_HOST"), "{said}");
}

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

#[tokio::test]
async fn a_file_of_variables_that_cannot_be_read_is_named_and_its_lines_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.env");
    std::fs::write(&broken, "AMQP_URL amqp://okki:secret-value@host\n").unwrap();
    let broken = broken.display().to_string();
    let settings = complete(Service::Extractor);
    for file in [broken.as_str(), "/nowhere/okki.env"] {
        let arguments = ["run", "--env-file", file];
        refused(
            Service::Extractor,
            &settings,
            &arguments,
            78,
            &["--env-file", file],
        )
        .await;
    }
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
