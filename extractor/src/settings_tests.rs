//! Every setting that can be wrong is named, with what was expected.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::cli::{Cli, Command, RunArgs};
use clap::Parser;

fn parse(more: &[&str]) -> RunArgs {
    let base = [
        "extractor",
        "run",
        "--okki-client-id",
        "id",
        "--okki-client-secret",
        "s3cret",
    ];
    match Cli::parse_from(base.iter().chain(more)).command {
        Command::Run(args) => args,
        _ => unreachable!(),
    }
}

fn check(more: &[&str]) -> Result<(OkkiConfig, RunSettings, Schedules, Duration), ConfigError> {
    let args = parse(more);
    let okki = OkkiConfig::try_from(args.okki)?;
    let list = args.list.check(&okki)?;
    let schedules = args.schedule.check(&okki)?;
    Ok((okki, list, schedules, args.lease.check()?))
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let (okki, list, schedules, ttl) = check(&[]).unwrap();
    assert_eq!(
        okki.client.endpoints.base.as_str(),
        "https://api-sandbox.xiaoman.cn/"
    );
    assert_eq!(okki.bucket, Bucket::per_second("okki", 10.0));
    assert_eq!(
        (
            okki.page_size,
            okki.client.concurrency,
            okki.client.timeout.as_secs()
        ),
        (200, 8, 60)
    );
    assert_eq!(
        (
            list.margins.overlap.as_secs(),
            list.margins.settle_delay.as_secs(),
            list.start
        ),
        (600, 5, None)
    );
    assert!(!list.removals && schedules.remedy.is_none() && ttl.as_secs() == 15);
    assert!(matches!(schedules.live, Schedule::Every(every) if every.as_secs() == 300));
}

#[test]
fn a_wrong_value_is_named() {
    for (flag, value, name) in [
        ("--okki-base-url", "api.xiaoman.cn", "OKKI_BASE_URL"),
        ("--okki-base-url", "https://api.xiaoman.cn/v1", "OKKI_BASE_URL"),
        ("--okki-client-id", " ", "OKKI_CLIENT_ID"),
        ("--okki-rate", "0", "OKKI_RATE"),
        ("--okki-rate", "fast", "OKKI_RATE"),
        ("--okki-burst", "-1", "OKKI_BURST"),
        ("--okki-daily", "many", "OKKI_DAILY"),
        ("--okki-backfill-share", "101", "OKKI_BACKFILL_SHARE"),
        ("--okki-concurrency", "0", "OKKI_CONCURRENCY"),
        ("--okki-page-size", "0", "OKKI_PAGE_SIZE"),
        ("--start", "last week", "START"),
        ("--overlap", "ten", "OVERLAP"),
        ("--every", "0s", "EVERY"),
        ("--listing-queue-limit", "deep", "LISTING_QUEUE_LIMIT"),
        ("--listing-dead-limit", "-1", "LISTING_DEAD_LIMIT"),
        ("--cron", "* *", "CRON"),
        ("--remedy-cron", "never", "REMEDY_CRON"),
        ("--force-cron", "weekly", "FORCE_CRON"),
        ("--poll", "sometimes", "POLL"),
        ("--poll-quiet", "0s", "POLL_QUIET"),
        ("--poll-share", "0", "POLL_SHARE"),
        ("--poll-share", "all", "POLL_SHARE"),
        ("--lease-ttl", "10ms", "LEASE_TTL"),
        ("--source", "/nowhere.json", "SOURCE"),
    ] {
        // A flag given twice takes the last value where clap allows it, so the base must not hold this one.
        let base = ["extractor", "run", "--okki-client-secret", "s3cret"];
        let id = if flag == "--okki-client-id" {
            vec![]
        } else {
            vec!["--okki-client-id", "id"]
        };
        let setting = format!("{flag}={value}");
        let line = base.into_iter().chain(id).chain([setting.as_str()]);
        let Command::Run(args) = Cli::parse_from(line).command else {
            unreachable!()
        };
        let checked = OkkiConfig::try_from(args.okki).and_then(|okki| {
            args.list.check(&okki)?;
            args.schedule.check(&okki)?;
            args.lease.check()
        });
        let error = checked.unwrap_err().to_string();
        assert!(error.contains(name), "{flag} {value}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_share_of_the_day_is_kept_for_live_work() {
    let daily = |more: &[&str]| {
        let (okki, ..) = check(more).unwrap();
        (okki.bucket.daily, okki.bucket.daily_lower)
    };
    assert_eq!(daily(&[]), (None, None));
    assert_eq!(daily(&["--okki-daily", "1000"]), (Some(1000), Some(800)));
    let half = ["--okki-daily", "1000", "--okki-backfill-share", "50 %"];
    assert_eq!(daily(&half), (Some(1000), Some(500)));
}

#[test]
fn polling_is_on_unless_somebody_names_the_times_at_which_to_list() {
    let polling = |more: &[&str]| check(more).unwrap().2.polling;
    let tempo = polling(&[]).unwrap();
    assert_eq!(
        (tempo.quiet.as_secs(), tempo.longest.as_secs(), tempo.share),
        (10, 300, 10)
    );
    assert_eq!((tempo.per_second, tempo.daily), (10.0, None));
    let often = polling(&["--every", "4s", "--okki-daily", "5000", "--poll-share", "5%"]).unwrap();
    assert_eq!(
        (often.quiet.as_secs(), often.longest.as_secs(), often.share),
        (4, 4, 5)
    );
    assert_eq!(often.daily, Some(5_000));
    let cron = ["--cron", "0 * * * *"];
    assert_eq!(polling(&cron), None);
    assert!(polling(&[&cron[..], &["--poll", "on"]].concat()).is_some());
    assert_eq!(polling(&["--poll", "off"]), None);
}

#[test]
fn the_secret_is_in_no_debug_output() {
    let args = parse(&[]);
    assert!(!format!("{args:?}").contains("s3cret"));
    assert!(!format!("{:?}", OkkiConfig::try_from(args.okki).unwrap()).contains("s3cret"));
}

#[test]
fn a_group_from_a_flag_is_sent() {
    let (okki, ..) = check(&["--okki-group-id", "17", "--removals"]).unwrap();
    assert_eq!(
        okki.client.endpoints.source.get("group_id").as_deref(),
        Some("17")
    );
}
