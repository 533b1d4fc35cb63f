//! Times that do not fit together: those of the listing and those of details, a detail and its own answer, OKKI's clock and
//! ours, and times that no window reaches.

use std::time::Duration;

use jiff::{Timestamp, tz::Offset};
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::{
    reconcile::reconcile,
    sink::{Sink, redis},
};
use crate::wishes::unscheduled;

const LIMIT: Duration = Duration::from_secs(120);
const HOUR: i64 = 3_600;

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// As OKKI writes it.
fn beijing(unix: i64) -> String {
    let at = Offset::constant(8).to_datetime(Timestamp::from_second(unix).unwrap());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The customer is in another state now, with this update time.
fn show(pipeline: &PipelineUnderTest, id: i64, update_time: i64) {
    pipeline.simulator.remove_one(id).unwrap();
    pipeline.simulator.restore_at(id, update_time).unwrap();
    pipeline.simulator.change_unseen(id, None).unwrap();
}

async fn status(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool_output(Service::Extractor, &["status", "--json"])
        .await
        .unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

/// The detail of this customer says once, or always, that it is of another time.
fn lies(pipeline: &PipelineUnderTest, id: i64, time: i64, times: u64) {
    let member = FaultKind::Member {
        name: "update_time".into(),
        value: beijing(time).into(),
    };
    let fault = Fault::on(Vendor::Okki, "info", member).containing(&id.to_string());
    pipeline.simulator.fault(fault.times(times));
}

/// Waits until the form has this state for sure, so that nothing is fetched for it any more.
async fn is_loaded(pipeline: &PipelineUnderTest, id: i64, time: i64) {
    eventually(LIMIT, "the state is known to be loaded", async || {
        let loaded = redis(pipeline, "HGET", &format!("mark:{id}"), &["l"]).await;
        let loaded: Option<String> = redis::from_redis_value(loaded).unwrap();
        expect(loaded == Some(time.to_string()), || {
            format!("{loaded:?}, not {time}")
        })
    })
    .await;
}

#[tokio::test]
async fn a_listing_whose_times_are_behind_those_of_details_hides_no_change() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(1401)
        .simulator(|options| options.settings.okki.listing.times_offset_s = -120)
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let id = pipeline.simulator.company_ids()[0];
    // Each change is two minutes older in the listing: before the one that is loaded.
    for seconds in [40, 30, 20] {
        let time = now() - seconds;
        show(&pipeline, id, time);
        pipeline.until_equal(LIMIT).await;
        is_loaded(&pipeline, id, time).await;
    }
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_comparison_with_a_listing_that_is_behind_details_finds_what_is_stale() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(20).seed(1402))
        .simulator(|options| options.settings.okki.listing.times_offset_s = -120)
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let ids = pipeline.simulator.company_ids();
    // Of the second one no time of the listing is known.
    let mark = format!("mark:{}", ids[1]);
    redis(&pipeline, "HDEL", &mark, &["lt", "lu"]).await;
    for id in &ids[..2] {
        let loaded = redis(&pipeline, "HGET", &format!("mark:{id}"), &["pu"]).await;
        let loaded: i64 = redis::from_redis_value(loaded).unwrap();
        show(&pipeline, *id, loaded + 60);
    }
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(!is_good && report["stale"]["count"] == 2, "{report}");
    assert_eq!(
        (&report["listed"], &report["current"]),
        (&20.into(), &18.into()),
        "{report}"
    );
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(is_good && report["stale"]["count"] == 2, "{report}");
    pipeline.until_equal(LIMIT).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good && report["current"] == 20, "{report}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_that_lies_in_the_future_of_its_own_answer_hides_no_later_change() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(1403)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    // Of the first one once, of the second one as often as it is asked for, of the third one for ever.
    lies(&pipeline, ids[0], now() + 20 * HOUR, 1);
    lies(&pipeline, ids[1], now() + 20 * HOUR, 3);
    lies(&pipeline, ids[2], now() + 400 * 24 * HOUR, 1_000);
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    for id in &ids[..3] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// Without the answer's own clock a day ahead is believed.
#[tokio::test]
async fn a_state_of_the_future_that_listing_and_detail_do_not_know_is_set_back_by_itself() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(1404)
        .simulator(|options| options.settings.okki.listing.hide_now = true)
        .start()
        .await;
    let id = pipeline.simulator.company_ids()[0];
    lies(&pipeline, id, now() + 20 * HOUR, 1);
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    for _ in 0..2 {
        pipeline.simulator.change_one(id, None).unwrap();
        pipeline.until_equal(LIMIT).await;
    }
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn customers_whose_times_lie_ahead_of_every_window_are_loaded_and_named() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(1405)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for (id, ahead) in ids.iter().zip([HOUR / 4, 20 * HOUR, 70 * 365 * 24 * HOUR]) {
        show(&pipeline, *id, now() + ahead);
    }
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let told = status(&pipeline).await;
    assert_eq!(told["beyond"]["count"], 3, "{told}");
    assert!(told["beyond"].to_string().contains(&ids[2].to_string()), "{told}");
    // Put right, they are what they are listed as.
    for id in &ids[..2] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    pipeline.until_equal(LIMIT).await;
    // One that gets such a time later is found as well, by a comparison at the latest.
    show(&pipeline, ids[3], now() + 20 * HOUR);
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(is_good && report["listed"] == 20, "{report}");
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good && report["current"] == 20, "{report}");
    pipeline.drain().await;
}

/// More than pages were once turned for; half of them in one second, as after an import.
#[tokio::test]
async fn however_many_times_lie_ahead_nobody_is_left_out() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(320)
        .seed(1407)
        .set("OKKI_RATE", "1000")
        .simulator(|options| {
            options.settings.okki.count_cap = 5;
            options.settings.okki.per_second = None;
        })
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for (n, id) in ids[..300].iter().enumerate() {
        let apart = if n % 2 == 0 { 0 } else { n as i64 };
        show(&pipeline, *id, now() + 30 * 24 * HOUR + apart);
    }
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "everybody is fetched", async || {
        let seen = sink.seen().len();
        expect(seen == 320, || seen.to_string())
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    let told = status(&pipeline).await;
    assert_eq!(
        (&told["beyond"]["count"], &told["beyond"]["unread"]),
        (&300.into(), &0.into()),
        "{told}"
    );
    pipeline.drain().await;
}

/// Waits until a customer that is changed now is seen in its new state.
async fn a_change_is_seen(pipeline: &PipelineUnderTest, sink: &Sink) {
    let id = pipeline.simulator.company_ids()[5];
    let copies = || sink.seen().get(&id.to_string()).map_or(0, |seen| seen.copies);
    let before = copies();
    pipeline.simulator.change_one(id, None).unwrap();
    eventually(LIMIT, "the change is seen", async || {
        expect(copies() > before, || format!("{} copies", copies()))
    })
    .await;
}

async fn age(pipeline: &PipelineUnderTest) -> i64 {
    let status = status(pipeline).await;
    status["checkpoint_age_s"]
        .as_i64()
        .unwrap_or_else(|| panic!("{status}"))
}

#[tokio::test]
async fn a_clock_in_answers_that_is_hours_behind_delays_nothing() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(1406)
        .simulator(|options| {
            options.settings.okki.listing.now_offset_s = -8 * HOUR;
            options.spread_s = 4 * HOUR;
        })
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    for _ in 0..2 {
        a_change_is_seen(&pipeline, &sink).await;
    }
    let age = age(&pipeline).await;
    assert!((0..600).contains(&age), "{age}");
    let log = pipeline[extractor].log();
    assert!(log.contains("shows later changes"), "{log}");
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_clock_of_okki_that_is_apart_delays_nothing_and_may_be_put_back() {
    for hours in [2, -2] {
        let mut pipeline = PipelineUnderTest::for_test()
            .customers(20)
            .seed(1407)
            .simulator(|options| options.settings.clock_offset_s = hours * HOUR)
            .start()
            .await;
        pipeline.run(Service::Extractor);
        let sink = Sink::open(&pipeline).await;
        assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
        for offset in [hours * HOUR, (hours - 1) * HOUR, (hours - 3) * HOUR] {
            pipeline
                .simulator
                .set(|settings| settings.clock_offset_s = offset);
            a_change_is_seen(&pipeline, &sink).await;
            let age = age(&pipeline).await;
            assert!((0..600).contains(&age), "{hours} {offset}: {age}");
        }
        pipeline.quiet(LIMIT, 0).await;
        pipeline.drain().await;
    }
}
