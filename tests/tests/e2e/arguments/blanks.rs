//! Blanks and line ends around values, which nobody sees.

use super::{complete, refused, run};
use kit::pipeline::Service;

#[tokio::test]
async fn blanks_around_a_value_say_nothing_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("okki.env");
    std::fs::write(&file, "CONCURRENCY=\" 3 \"\r\nLINGER=300ms\r\n").unwrap();
    let mut settings = complete(Service::Loader);
    for (name, value) in [
        ("BATCH_SIZE", "  10 "),
        ("NAMESPACE", "okki\r"),
        ("ADMIN_LISTEN", " 127.0.0.1:0\n"),
        ("LOG_FORMAT", "json\r\n"),
        ("ON_MISSING_ROW", " dead-letter"),
        ("HTTP_CONNECT_TIMEOUT", "\t3s"),
        ("IGNORE_KEYLESS", "true\r"),
        ("JDY_RATE_READ", " 20 "),
    ] {
        settings.insert(name.into(), value.into());
    }
    let arguments = ["run", "--print-config", "--env-file", file.to_str().unwrap()];
    let output = run(Service::Loader, &settings, &arguments).await;
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for (setting, from) in [
        ("BATCH_SIZE=10", "environment"),
        ("NAMESPACE=okki", "environment"),
        ("ADMIN_LISTEN=127.0.0.1:0", "environment"),
        ("LOG_FORMAT=json", "environment"),
        ("ON_MISSING_ROW=dead-letter", "environment"),
        ("HTTP_CONNECT_TIMEOUT=3s", "environment"),
        ("IGNORE_KEYLESS=true", "environment"),
        ("JDY_RATE_READ=20", "environment"),
        ("CONCURRENCY=3", "okki.env"),
        ("LINGER=300ms", "okki.env"),
    ] {
        let found = shown
            .lines()
            .find(|line| line.starts_with(&format!("{setting} ")));
        assert!(
            found.is_some_and(|line| line.ends_with(from)),
            "{setting} is not in {shown}"
        );
    }
}

/// A password may end in a blank, and a value for a cell, too.
#[tokio::test]
async fn a_blank_that_may_be_meant_is_refused_and_the_value_is_not_quoted() {
    let mut settings = complete(Service::Loader);
    settings.remove("AMQP_URL");
    settings.remove("REDIS_URL");
    for (name, value) in [
        ("AMQP_HOST", "127.0.0.1:9"),
        ("AMQP_USER", "okki\r"),
        ("AMQP_PASSWORD", " secret-value"),
        ("REDIS_HOST", "127.0.0.1:9"),
        ("REDIS_PASSWORD", "secret-value \r"),
        ("ON_REMOVAL", "mark:_w=gone "),
    ] {
        settings.insert(name.into(), value.into());
    }
    let words = [
        "AMQP_PASSWORD: has a blank",
        "REDIS_PASSWORD: has a blank",
        "ON_REMOVAL: has a blank",
    ];
    refused(Service::Loader, &settings, &["run"], 78, &words).await;
}
