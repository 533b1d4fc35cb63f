//! Changes arrive long before the next run is due, for little: one replica polls, slower while nothing changes, within a share
//! of the quota, and a poll that fails harms nobody.

use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, Order, Vendor};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::sink::{Sink, calls, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);
/// Nothing but polls lists within a test.
const NEVER: &str = "3h";
const QUIET: Duration = Duration::from_secs(3);

async fn polling(pipeline: &PipelineUnderTest, id: ReplicaId) -> Value {
    let (_, status) = pipeline[id].get("/status").await.unwrap();
    serde_json::from_str::<Value>(&status).unwrap()["polling"].clone()
}

async fn status(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool(Service::Extractor, &["status", "--json", "--runs", "50"])
        .await
        .unwrap();
    serde_json::from_str(&printed).unwrap()
}

/// Waits until the interval has grown to its end.
async fn quiet(pipeline: &PipelineUnderTest, id: ReplicaId) {
    eventually(LIMIT, "polls are as rare as they get", async || {
        let polling = polling(pipeline, id).await;
        let is_quiet = polling["why"] == "quiet" && polling["interval_s"] == QUIET.as_secs_f64();
        expect(is_quiet, || polling.to_string())
    })
    .await;
}

/// An extractor that has listed everything and polls quietly.
async fn at_rest(pipeline: &mut PipelineUnderTest, customers: usize) -> (ReplicaId, Sink) {
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(pipeline).await;
    assert_eq!(sink.complete(pipeline, LIMIT).await, customers);
    quiet(pipeline, extractor).await;
    (extractor, sink)
}

fn rare(customers: u32, seed: u64) -> kit::pipeline::Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set_for(Service::Extractor, "EVERY", NEVER)
        .set_for(Service::Extractor, "POLL_QUIET", format!("{}s", QUIET.as_secs()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_reach_their_rows_hours_before_the_next_run_is_due() {
    let mut pipeline = rare(40, 601).start().await;
    let [extractor, ..] = pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    quiet(&pipeline, extractor).await;
    let id = pipeline.simulator.change(1)[0];
    pipeline.simulator.add(2);
    pipeline.until_equal(LIMIT).await;
    // Several states within a second, of which the listing shows one time.
    for name in ["a", "b", "c", "d"] {
        let patch = json!({ "short_name": name });
        pipeline.simulator.change_one(id, Some(patch)).unwrap();
        tokio::task::yield_now().await;
    }
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let said = status(&pipeline).await;
    assert!(said["polling"]["interval_s"].is_number(), "{said}");
    let printed = pipeline.tool(Service::Extractor, &["status"]).await.unwrap();
    assert!(
        printed.contains("polling") && printed.contains("every "),
        "{printed}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn polls_find_removals_and_more_changes_than_a_page_holds() {
    let mut pipeline = rare(60, 602)
        .set_for(Service::Extractor, "REMOVALS", "true")
        .set_for(Service::Extractor, "OKKI_PAGE_SIZE", "10")
        .start()
        .await;
    let (extractor, sink) = at_rest(&mut pipeline, 60).await;
    let gone = pipeline.simulator.remove(1)[0].to_string();
    eventually(LIMIT, "the removal is seen", async || {
        let seen = sink.seen().get(&gone).cloned();
        expect(seen.as_ref().is_some_and(|seen| seen.removed), || {
            format!("{seen:?}")
        })
    })
    .await;
    quiet(&pipeline, extractor).await;
    pipeline.simulator.change(45);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 59);
    pipeline.drain().await;
}

#[tokio::test]
async fn one_of_several_replicas_polls_and_the_others_go_on_when_it_dies() {
    let mut pipeline = rare(10, 603).start().await;
    let (first, sink) = at_rest(&mut pipeline, 10).await;
    let second = pipeline.run(Service::Extractor);
    let third = pipeline.run(Service::Extractor);
    for id in [first, second, third] {
        pipeline[id].ready().await;
        quiet(&pipeline, id).await;
    }
    let (before, begun) = (calls(&pipeline, "list"), Instant::now());
    eventually(LIMIT, "some polls", async || {
        let made = calls(&pipeline, "list") - before;
        expect(made >= 7, || format!("{made}"))
    })
    .await;
    // Three that poll would have needed a third of the time. A machine that is busy makes it longer, never shorter.
    let (made, took) = (calls(&pipeline, "list") - before, begun.elapsed());
    let most = took.as_secs_f64() / QUIET.as_secs_f64() + 2.0;
    assert!(made as f64 <= most, "{made} calls in {took:?}");
    // Whichever it is, one is left.
    pipeline[first].kill9();
    pipeline[third].kill9();
    pipeline.simulator.change(2);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.drain().await;
}

#[tokio::test]
async fn polls_use_no_more_than_their_share_of_the_day() {
    let mut pipeline = rare(5, 604)
        .set_for(Service::Extractor, "OKKI_DAILY", "1000")
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 5);
    eventually(LIMIT, "what was saved up is used up", async || {
        let polling = polling(&pipeline, extractor).await;
        let is_held = polling["why"] == "share" && polling["interval_s"].as_f64() > Some(600.0);
        expect(is_held, || polling.to_string())
    })
    .await;
    // A tenth of a tenth can be saved up.
    let polls = pipeline
        .metric("okki_extractor_polls_total", Service::Extractor)
        .await;
    assert!((5..=10).contains(&polls), "{polls} polls");
    // A replica that comes later, and one that is restarted, keep to it.
    pipeline[extractor].kill9();
    let second = pipeline.run(Service::Extractor);
    pipeline[second].ready().await;
    eventually(LIMIT, "it has read how polling stands", async || {
        let polling = polling(&pipeline, second).await;
        expect(polling["why"] == "share", || polling.to_string())
    })
    .await;
    let more = pipeline
        .metric("okki_extractor_polls_total", Service::Extractor)
        .await;
    assert_eq!(more, 0, "polls of the second replica");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_poll_that_fails_pauses_nobody_and_an_outage_is_found_by_a_run() {
    let mut pipeline = rare(10, 605).start().await;
    let (extractor, sink) = at_rest(&mut pipeline, 10).await;
    let refuse = |times| {
        let kind = FaultKind::Status {
            status: 502,
            commit: false,
        };
        Fault::on(Vendor::Okki, "list", kind).times(times)
    };
    let paused = |pipeline: &PipelineUnderTest| pipeline[extractor].log().matches(r#""paused""#).count();
    let before = paused(&pipeline);
    let fault = pipeline.simulator.fault(refuse(2));
    eventually(LIMIT, "two polls have failed", async || {
        let fired = pipeline.simulator.faults()[0].fired;
        expect(fired == 2, || format!("{fired}"))
    })
    .await;
    pipeline.simulator.change(1);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    assert_eq!(paused(&pipeline), before);
    pipeline.simulator.clear_faults(Some(fault));

    // Without a run that was asked for, the outage would be noticed in hours.
    let outage = pipeline.simulator.fault(refuse(1_000));
    pipeline[extractor].pauses_for("outage").await;
    pipeline.simulator.clear_faults(Some(outage));
    pipeline[extractor].ready().await;
    pipeline.simulator.change(1);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_poll_that_is_told_to_stay_away_stays_away() {
    let mut pipeline = rare(5, 606).start().await;
    let (extractor, sink) = at_rest(&mut pipeline, 5).await;
    let kind = FaultKind::RetryLater {
        status: 503,
        after_s: 70,
        date: false,
    };
    let armed = Instant::now();
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Okki, "list", kind).times(1));
    pipeline[extractor].pauses_for("poll the listing").await;
    let before = calls(&pipeline, "list");
    eventually(LIMIT, "the next call", async || {
        let now = calls(&pipeline, "list");
        expect(now > before, || format!("{now}"))
    })
    .await;
    let kept = armed.elapsed();
    assert!(kept >= Duration::from_secs(70), "called after {kept:?}");
    pipeline[extractor].ready().await;
    pipeline.simulator.change(1);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 5);
    pipeline.drain().await;
}

#[tokio::test]
async fn without_polling_and_with_a_listing_that_hides_changes_the_schedule_remains() {
    // Bounds count as whole days, and the oldest of them come first: the first page never shows a change.
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(607)
        .set("EVERY", "6s")
        .simulator(|options| {
            options.settings.okki.order = Order::Asc;
            options.settings.okki.count_cap = 5;
            options.settings.okki.listing.dates_only = true;
            options.spread_s = 3 * 86_400;
        })
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    pipeline.simulator.change(2);
    sink.complete(&pipeline, LIMIT).await;
    pipeline[extractor].kill9();

    // Who names the times gets no calls between them.
    pipeline.unset_for(Service::Extractor, "EVERY");
    let cron = [("CRON", "*/7 * * * * *")];
    let extractor = pipeline.run_with(Service::Extractor, &cron);
    pipeline[extractor].ready().await;
    pipeline.simulator.change(2);
    sink.complete(&pipeline, LIMIT).await;
    let polls = pipeline
        .metric("okki_extractor_polls_total", Service::Extractor)
        .await;
    assert_eq!(polls, 0);
    assert_eq!(polling(&pipeline, extractor).await, Value::Null);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_lost_or_wrong_state_of_polling_is_made_anew() {
    let mut pipeline = rare(8, 608).start().await;
    let (extractor, sink) = at_rest(&mut pipeline, 8).await;
    // As a clock that was ahead by a month would have left it.
    let far = (jiff::Timestamp::now().as_millisecond() + 30 * 86_400_000).to_string();
    redis(
        &pipeline,
        "HSET",
        "extract:poll",
        &["next_ms", &far, "paid_ms", &far],
    )
    .await;
    pipeline.simulator.change(1);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 8);
    let key = format!("{{{}}}:extract:poll", pipeline.namespace);
    redis_at(&pipeline, "DEL", &key, &[]).await;
    pipeline.simulator.change(1);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 8);
    quiet(&pipeline, extractor).await;
    pipeline.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_without_an_update_time_arrives_with_the_next_refresh() {
    let mut pipeline = rare(30, 609)
        .set_for(Service::Extractor, "FORCE_CRON", "*/10 * * * * *")
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let id = pipeline.simulator.company_ids()[3];
    let patch = json!({ "short_name": "renamed" });
    pipeline.simulator.change_unseen(id, Some(patch)).unwrap();
    pipeline.until_equal(LIMIT).await;

    // Who has not changed is fetched and not written.
    let refreshes = async |pipeline: &PipelineUnderTest| {
        let runs = status(pipeline).await["finished"].as_array().cloned().unwrap();
        let all = |run: &&Value| run["job"] == "refresh" && run["outcome"]["fetched"] == 30;
        runs.iter().filter(all).count()
    };
    let writes = |pipeline: &PipelineUnderTest| -> u64 {
        let calls = pipeline.simulator.stats().jdy.calls;
        let is_write = |name: &String| ["create", "update", "delete"].iter().any(|op| name.contains(op));
        let writes = calls.iter().filter(|(name, _)| is_write(name));
        writes.map(|(_, report)| report.calls).sum()
    };
    let (done, written) = (refreshes(&pipeline).await, writes(&pipeline));
    eventually(LIMIT, "two more refreshes", async || {
        let now = refreshes(&pipeline).await;
        expect(now >= done + 2, || format!("{now}, before {done}"))
    })
    .await;
    assert_eq!(
        writes(&pipeline),
        written,
        "rows that have not changed are written"
    );
    let judged = pipeline.simulator.judge().await;
    assert!(judged.is_equal(), "{judged:?}");
    pipeline.drain().await;
}
