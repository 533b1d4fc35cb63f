//! Each wrong setting is refused by name, and no refusal repeats a secret.

use std::path::Path;

use clap::{Parser, builder::Resettable};

use super::*;
use crate::{
    http::HttpArgs,
    setting::{Secret, base_url, parse_duration},
};

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    http: HttpArgs,
}

const GOOD: [&str; 4] = [
    "--amqp-url",
    "amqp://guest:s3cret@localhost/%2f",
    "--redis-url",
    "redis://:s3cret@localhost/",
];

/// Parses flags only: the tests of other files run with AMQP_URL and REDIS_URL set.
fn checked<'a>(args: impl Iterator<Item = &'a str>) -> Result<CommonConfig, ConfigError> {
    let command = <Command as clap::CommandFactory>::command().mut_args(|arg| arg.env(Resettable::Reset));
    let matches = command
        .try_get_matches_from(std::iter::once("service").chain(args))
        .unwrap();
    let command = <Command as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
    command.common.try_into()
}

fn parse(more: &[&str]) -> Result<CommonConfig, ConfigError> {
    checked(GOOD.into_iter().chain(more.iter().copied()))
}

fn refusal(args: &[&str]) -> String {
    checked(args.iter().copied()).unwrap_err().to_string()
}

#[test]
fn defaults_are_enough_with_the_two_urls() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.namespace.to_string(), "okki");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.drain_deadline, Duration::from_secs(25));
    assert_eq!(config.hold_at_most, Duration::from_secs(600));
    assert_eq!(config.retry, RetryPolicy::default());
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn every_flag_has_its_name_in_upper_case_as_variable() {
    let command = <Command as clap::CommandFactory>::command();
    for arg in command.get_arguments().filter(|arg| arg.get_env().is_some()) {
        let flag = arg.get_long().unwrap().replace('-', "_").to_uppercase();
        assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(flag.as_str()));
    }
}

#[test]
fn malformed_settings_are_named() {
    for (flag, value) in [
        ("--namespace", "Not A Name"),
        ("--admin-listen", "localhost"),
        ("--admin-listen", "127.0.0.1:99999"),
        ("--log-level", "pipeline=loud"),
        ("--drain-deadline", "0s"),
        ("--drain-deadline", "25"),
        ("--drain-deadline", "2.5s"),
        ("--drain-deadline", "99999999999999999999d"),
        ("--retry-delays", "1m,5s"),
    ] {
        let name = flag.trim_start_matches('-').replace('-', "_").to_uppercase();
        let message = parse(&[flag, value]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
        assert!(message.contains("; "), "no remedy in: {message}");
    }
}

#[test]
fn a_refused_url_is_named_but_never_shown() {
    for url in [
        "amqp://u:s3cret@host:port/",
        "http://u:s3cret@host/",
        "s3cret",
        "amqp://",
    ] {
        let message = refusal(&["--amqp-url", url, "--redis-url", GOOD[3]]);
        assert!(
            message.starts_with("AMQP_URL: ") && !message.contains("s3cret"),
            "{message}"
        );
    }
    for url in [
        "redis://u:s3cret@host:port/",
        "http://u:s3cret@host/",
        "s3cret",
        "redis://u:s3cret@host/notadb",
    ] {
        let message = refusal(&["--amqp-url", GOOD[1], "--redis-url", url]);
        assert!(
            message.starts_with("REDIS_URL: ") && !message.contains("s3cret"),
            "{message}"
        );
    }
}

#[test]
fn a_missing_secret_is_named_with_its_file_variant() {
    let message = refusal(&["--amqp-url", GOOD[1]]);
    assert_eq!(
        message,
        "REDIS_URL: is required but not set; set REDIS_URL, or REDIS_URL_FILE to a file that holds it"
    );
    assert_eq!(refusal(&["--amqp-url", GOOD[1], "--redis-url", " "]), message);
}

#[test]
fn broker_and_redis_may_come_in_parts() {
    let parts = |more: &[&str]| {
        checked(
            ["--amqp-host", "rabbitmq:5672/okki", "--redis-host"]
                .into_iter()
                .chain(more.iter().copied()),
        )
    };
    let config = parts(&[
        "redis",
        "--amqp-user",
        "u",
        "--amqp-password",
        "p/w",
        "--redis-password",
        "s3cret",
    ])
    .unwrap();
    assert_eq!(config.amqp.url.expose(), "amqp://u:p%2Fw@rabbitmq:5672/okki");
    assert_eq!(config.redis.url.expose(), "redis://:s3cret@redis");
    let config = parts(&["rediss://redis:6380/1"]).unwrap();
    assert_eq!(config.redis.url.expose(), "rediss://redis:6380/1");
    for (more, refused) in [
        (
            &["redis", "--redis-url", "redis://x"][..],
            "REDIS_HOST: stands beside REDIS_URL",
        ),
        (
            &["redis", "--amqp-url", GOOD[1]],
            "AMQP_HOST: stands beside AMQP_URL",
        ),
        (&["redis", "--amqp-user", "u"], "AMQP_PASSWORD: is not set"),
        (
            &["redis://u:s3cret@redis"],
            "REDIS_HOST: must not hold credentials",
        ),
        (&["http://redis"], "REDIS_URL: must begin with"),
        (&["re dis"], "REDIS_HOST: is not a URL"),
        (
            &[" ", "--redis-password", "s3cret"],
            "REDIS_PASSWORD: is set without REDIS_HOST",
        ),
    ] {
        let message = parts(more).unwrap_err().to_string();
        assert!(
            message.starts_with(refused) && !message.contains("s3cret"),
            "{message}"
        );
    }
}

#[test]
fn a_secret_file_is_read_trimmed_and_refused_by_name() {
    let dir = std::env::temp_dir().join(format!("config-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&dir).unwrap();
    let (full, empty) = (dir.join("full"), dir.join("empty"));
    std::fs::write(&full, "redis://localhost/\n").unwrap();
    std::fs::write(&empty, "\n").unwrap();
    let read = |path: &Path| SecretArg::new("KEY", None, Some(path)).required();
    assert_eq!(read(&full).unwrap().expose(), "redis://localhost/");
    assert!(read(&empty).unwrap_err().to_string().starts_with("KEY_FILE: "));
    assert!(
        read(&dir.join("none"))
            .unwrap_err()
            .to_string()
            .starts_with("KEY_FILE: cannot read")
    );
    let both = SecretArg::new("KEY", Some(&Secret::new("x")), Some(&full)).optional();
    assert!(both.unwrap_err().to_string().starts_with("KEY: is given twice"));
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn base_urls_hold_scheme_and_host_only() {
    assert_eq!(
        base_url("OKKI_BASE_URL", "https://api.example.com")
            .unwrap()
            .as_str(),
        "https://api.example.com/"
    );
    assert!(base_url("X", "http://127.0.0.1:8080/").is_ok());
    for bad in [
        "",
        "api.example.com",
        "ftp://a",
        "https://a/v1",
        "https://a/?q=1",
        "https://u:p@a/",
    ] {
        assert!(
            base_url("X", bad).unwrap_err().to_string().starts_with("X: "),
            "{bad}"
        );
    }
}

#[test]
fn durations_have_units() {
    let ms = |text| parse_duration(text).map(|duration| duration.as_millis()).ok();
    assert_eq!(
        [ms("500ms"), ms("5s"), ms("1m"), ms("2h"), ms("1d")],
        [500, 5_000, 60_000, 7_200_000, 86_400_000].map(Some)
    );
    assert_eq!(
        [ms("5"), ms("s"), ms("-5s"), ms("5 s"), ms("5S"), ms("")],
        [None; 6]
    );
}
