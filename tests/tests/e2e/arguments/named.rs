//! What is missing or malformed is named, all of it at once.

use super::{complete, refused};
use kit::pipeline::Service;

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
