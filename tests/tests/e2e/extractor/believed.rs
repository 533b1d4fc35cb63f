//! What the listing says is checked before it is believed: totals, clocks, bounds, single rows.

use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::Totals;
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::{Sink, calls, redis};
use crate::ops::notices::{Notices, hook};

const LIMIT: Duration = Duration::from_secs(120);
const MONTH: i64 = 30 * 86_400;

async fn json(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let printed = pipeline.tool(Service::Extractor, arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

async fn status(pipeline: &PipelineUnderTest) -> Value {
    json(pipeline, &["status", "--json", "--runs", "500"]).await
}

fn fast(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("OKKI_RATE", "1000")
        .simulator(|options| options.settings.okki.per_second = None)
}

/// Waits until a customer that is changed now is seen in its new state.
async fn a_change_is_seen(pipeline: &PipelineUnderTest, sink: &Sink) {
    let before = jiff::Timestamp::now().as_second();
    let changed = pipeline.simulator.change(1)[0].to_string();
    eventually(LIMIT, "the change is seen", async || {
        let seen = sink.seen().get(&changed).cloned();
        expect(
            seen.as_ref().is_some_and(|seen| seen.update_time >= before),
            || format!("{seen:?}"),
        )
    })
    .await;
}

#[tokio::test]
async fn a_total_that_is_wrong_ends_no_listing() {
    for totals in [
        Totals::Zero,
        Totals::Page,
        Totals::Capped(50),
        Totals::NoneOnEmpty,
        Totals::FirstPage,
        Totals::Threefold,
    ] {
        for spread_s in [90 * 86_400, 1] {
            let pipeline = fast(120, 91)
                .set("OKKI_PAGE_SIZE", "20")
                .simulator(|options| {
                    options.spread_s = spread_s;
                    options.settings.okki.listing.totals = totals;
                })
                .start()
                .await;
            let report = json(&pipeline, &["sync", "--json"]).await;
            assert_eq!(report["listed"], 120, "{totals:?} {spread_s}: {report}");
            assert_eq!(
                report["outcome"]["fetched"], 120,
                "{totals:?} {spread_s}: {report}"
            );
        }
    }
}

#[tokio::test]
async fn a_clock_of_okki_that_is_a_month_ahead_moves_no_checkpoint_there() {
    let mut pipeline = fast(10, 92)
        .simulator(|options| options.settings.okki.listing.now_offset_s = MONTH)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].ready().await;
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    a_change_is_seen(&pipeline, &sink).await;
    // The right time comes back, and then none at all.
    for hide_now in [false, true] {
        pipeline.simulator.set(|settings| {
            settings.okki.listing.now_offset_s = 0;
            settings.okki.listing.hide_now = hide_now;
        });
        a_change_is_seen(&pipeline, &sink).await;
    }
    let age = status(&pipeline).await["checkpoint_age_s"].as_i64().unwrap();
    assert!((0..600).contains(&age), "{age}");
    let log = pipeline[extractor].log();
    assert!(
        log.contains("clocks differ") && log.contains("ahead of ours"),
        "{log}"
    );
    pipeline.drain().await;
}

fn statuses(notices: &Notices) -> Vec<String> {
    let notices = notices.lock().unwrap();
    let about = notices
        .iter()
        .filter(|notice| notice["problem"] == "checkpoint-ahead");
    about
        .filter_map(|notice| Some(notice["status"].as_str()?.to_owned()))
        .collect()
}

async fn notified(notices: &Notices, expected: &[&str]) {
    eventually(LIMIT, &format!("notices {expected:?}"), async || {
        let statuses = statuses(notices);
        expect(statuses == expected, || format!("{statuses:?}"))
    })
    .await;
}

#[tokio::test]
async fn a_checkpoint_in_the_future_is_an_error_that_people_are_notified_of_and_can_end() {
    let (url, notices) = hook().await;
    let mut pipeline = fast(5, 93)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    eventually(LIMIT, "a checkpoint", async || {
        let checkpoint = status(&pipeline).await["checkpoint"].clone();
        expect(checkpoint.is_string(), || checkpoint.to_string())
    })
    .await;
    let future = jiff::Timestamp::now().as_second() + MONTH;
    redis(
        &pipeline,
        "HSET",
        "extract:job:live",
        &["checkpoint", &future.to_string()],
    )
    .await;
    notified(&notices, &["firing"]).await;
    let log = pipeline[extractor].log();
    assert!(
        log.contains(r#""level":"ERROR""#) && log.contains("checkpoint lies in the future"),
        "{log}"
    );
    let age = pipeline[extractor]
        .metric("okki_checkpoint_age_seconds")
        .await
        .unwrap();
    assert!(age < -86_400.0, "{age}");
    let shown = json(&pipeline, &["checkpoint", "show", "--json"]).await;
    assert_eq!(shown["is_ahead"], true, "{shown}");
    assert!(shown["age_s"].as_i64().unwrap() < -86_400, "{shown}");
    let words = pipeline.tool(Service::Extractor, &["status"]).await.unwrap();
    assert!(words.contains("FUTURE"), "{words}");
    let refused = pipeline.tool(Service::Extractor, &["once"]).await.unwrap_err();
    assert!(format!("{refused:#}").contains("checkpoint set"), "{refused:#}");

    for (arguments, word) in [
        (["checkpoint", "set", "2999-01-01", "--reason", "x"], "future"),
        (["checkpoint", "set", "2026-01-01", "--reason", " "], "--reason"),
        (["checkpoint", "set", "yesterday", "--reason", "x"], "yesterday"),
    ] {
        let error = format!(
            "{:#}",
            pipeline.tool(Service::Extractor, &arguments).await.unwrap_err()
        );
        assert!(error.contains(word) && error.contains("78"), "{error}");
    }
    let ago = jiff::Timestamp::from_second(future - MONTH - 3_600)
        .unwrap()
        .to_string();
    let reason = "a clock was wrong";
    let set = json(
        &pipeline,
        &["checkpoint", "set", &ago, "--reason", reason, "--json"],
    )
    .await;
    assert!(set["before"].is_string() && set["after"].is_string(), "{set}");
    notified(&notices, &["firing", "resolved"]).await;
    a_change_is_seen(&pipeline, &sink).await;
    let audit = pipeline
        .tool(Service::Extractor, &["dead", "audit"])
        .await
        .unwrap();
    assert!(audit.contains(reason), "{audit}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_run_that_began_in_the_future_does_not_stop_the_schedule() {
    let mut pipeline = fast(5, 94).start().await;
    let future = (jiff::Timestamp::now().as_millisecond() + MONTH * 1_000).to_string();
    redis(&pipeline, "HSET", "extract:job:live", &["started_ms", &future]).await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    a_change_is_seen(&pipeline, &sink).await;
    sink.complete(&pipeline, LIMIT).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_bad_row_of_the_listing_costs_that_row_until_it_can_be_read() {
    let mut pipeline = fast(60, 95).set("OKKI_PAGE_SIZE", "20").start().await;
    let ids = pipeline.simulator.company_ids();
    let (byte, float, text, damaged) = (ids[7], ids[20], ids[33], ids[45]);
    pipeline.simulator.set(|settings| {
        let listing = &mut settings.okki.listing;
        listing.bad_bytes = vec![byte];
        listing.ids.insert(float, format!("{float}.0"));
        listing.ids.insert(text, format!("\"{}e13\"", text as f64 / 1e13));
        listing.ids.insert(damaged, "5.6e99".to_owned());
    });
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "everybody else is seen", async || {
        let seen = sink.seen();
        expect(seen.len() == 59, || format!("{} of 59", seen.len()))
    })
    .await;
    assert!(!sink.seen().contains_key(&damaged.to_string()));
    let unreadable = eventually(LIMIT, "the row is named in the status", async || {
        let status = status(&pipeline).await;
        let rows = status["damaged"].as_array().cloned().unwrap_or_default();
        expect(rows.len() == 1, || status.to_string()).map(|()| rows[0].clone())
    })
    .await;
    let serial = unreadable["serial_id"].as_str().unwrap();
    assert!(serial.starts_with('C'), "{unreadable}");
    let log = pipeline[extractor].log();
    assert!(
        log.contains("listed row names no customer") && log.contains(serial),
        "{log}"
    );
    let counted = pipeline[extractor]
        .metric("okki_extractor_damaged_rows_total")
        .await;
    assert!(counted.is_some_and(|counted| counted >= 1.0), "{counted:?}");

    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ids.clear());
    eventually(
        LIMIT,
        "the customer is seen once its row can be read",
        async || {
            let seen = sink.seen();
            expect(seen.contains_key(&damaged.to_string()), || {
                format!("{} of 60", seen.len())
            })
        },
    )
    .await;
    eventually(LIMIT, "nothing is left to be asked again", async || {
        let status = status(&pipeline).await;
        expect(status["damaged"].as_array().is_some_and(Vec::is_empty), || {
            status.to_string()
        })
    })
    .await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_removal_without_a_time_is_a_removal_and_is_published_once() {
    let mut pipeline = fast(20, 96)
        .set("REMOVALS", "true")
        .simulator(|options| options.settings.okki.listing.removed_without_time = true)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    let gone = pipeline.simulator.remove(2);
    let removed = async |what: &str, expected: bool| {
        eventually(LIMIT, what, async || {
            let seen = sink.seen();
            let wrong = gone.iter().filter(|id| seen[&id.to_string()].removed != expected);
            let wrong = wrong.count();
            expect(wrong == 0, || format!("{wrong} are not"))
        })
        .await;
    };
    removed("both removals are seen", true).await;
    // Each live run lists them again within the overlap.
    let copies = |sink: &Sink| -> usize { gone.iter().map(|id| sink.seen()[&id.to_string()].copies).sum() };
    let before = (copies(&sink), calls(&pipeline, "list"));
    eventually(LIMIT, "a few more live runs", async || {
        let calls = calls(&pipeline, "list");
        expect(calls >= before.1 + 15, || format!("{calls}"))
    })
    .await;
    assert_eq!(copies(&sink), before.0, "removals were published again");
    gone.iter()
        .for_each(|id| pipeline.simulator.restore_one(*id).unwrap());
    removed("both are back", false).await;
    gone.iter()
        .for_each(|id| pipeline.simulator.remove_one(*id).unwrap());
    removed("both are gone again", true).await;
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_listing_that_honours_only_dates_is_published_once() {
    // Nothing is loaded, so only what is remembered of the listing saves calls.
    let mut pipeline = fast(120, 97)
        .set("OKKI_PAGE_SIZE", "50")
        .simulator(|options| {
            options.spread_s = 3_600;
            options.settings.okki.listing.dates_only = true;
        })
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 120);
    eventually(LIMIT, "the first load is over", async || {
        let status = status(&pipeline).await;
        let runs = status["finished"].as_array().cloned().unwrap_or_default();
        expect(runs.iter().any(|run| run["job"] == "first"), || {
            status.to_string()
        })
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    let before = calls(&pipeline, "list");
    let fetched = calls(&pipeline, "info");
    eventually(LIMIT, "many more windows", async || {
        let calls = calls(&pipeline, "list");
        expect(calls >= before + 40, || format!("{calls}"))
    })
    .await;
    assert_eq!(calls(&pipeline, "info"), fetched, "the day was published again");
    assert_eq!(
        fetched, 120,
        "the first live window and the first load meet in no customer"
    );
    a_change_is_seen(&pipeline, &sink).await;
    pipeline.drain().await;
}
