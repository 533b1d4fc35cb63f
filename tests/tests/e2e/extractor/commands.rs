//! `sync`, `once`, `check`, `status` as a person or a CronJob uses them.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::wait::{eventually, expect};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json as object};

use super::sink::{Sink, calls, redis, truth};

async fn json(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let printed = pipeline.tool(Service::Extractor, arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// `YYYY-MM-DD` in Beijing, so many days ago.
fn day(days_ago: i64) -> String {
    let second = jiff::Timestamp::now().as_second() - days_ago * 86_400;
    let at = jiff::Timestamp::from_second(second).unwrap();
    jiff::tz::Offset::constant(8)
        .to_datetime(at)
        .strftime("%Y-%m-%d")
        .to_string()
}

fn midnight(day: &str) -> i64 {
    let at: jiff::civil::Date = day.parse().unwrap();
    jiff::tz::Offset::constant(8)
        .to_timestamp(at.at(0, 0, 0, 0))
        .unwrap()
        .as_second()
}

#[tokio::test]
async fn sync_lists_once_and_waits_for_its_details() {
    let pipeline = PipelineUnderTest::for_test().customers(50).seed(61).start().await;
    let report = json(&pipeline, &["sync", "--json"]).await;
    assert_eq!(
        (&report["listed"], &report["outcome"]["fetched"]),
        (&50.into(), &50.into()),
        "{report}"
    );
    let again = json(&pipeline, &["once", "--json"]).await;
    assert_eq!(again["listed"], 0, "{again}");
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, Duration::from_secs(60)).await, 50);
    let status = json(&pipeline, &["status", "--json", "--runs", "500"]).await;
    // The first `sync` made a live run and the first load; live runs that found nothing are not shown.
    let finished = status["finished"].as_array().unwrap();
    assert_eq!(
        (finished.len(), &finished[0]["job"]),
        (1, &"first".into()),
        "{status}"
    );
    assert!(status["checkpoint_age_s"].as_i64().unwrap() < 60, "{status}");
    // No service maps and loads here, so all of them are on their way; but nobody waits for a first load.
    assert_eq!(status["lag_s"], Value::Null, "{status}");
    pipeline.simulator.change(1);
    eventually(Duration::from_secs(60), "the change is listed", async || {
        let report = json(&pipeline, &["sync", "--json"]).await;
        expect(report["listed"] == 1, || report.to_string())
    })
    .await;
    let status = json(&pipeline, &["status", "--json", "--runs", "500"]).await;
    assert!(
        status["lag_s"]
            .as_i64()
            .is_some_and(|lag| (0..600).contains(&lag)),
        "{status}"
    );
}

/// Runs of earlier days are there for 90 days; of scheduled ones in a row that found nothing the last one is enough.
#[tokio::test]
async fn finished_runs_are_kept_for_90_days_and_empty_ones_are_not_shown() {
    let pipeline = PipelineUnderTest::for_test().customers(5).seed(64).start().await;
    let entry = |days: i64, kind: &str, listed: u64| {
        let finished_ms = jiff::Timestamp::now().as_millisecond() - days * 86_400_000;
        let run = object!({
            "job": kind, "id": format!("{kind}-{days}"), "start": 1, "end": 2, "phase": "changed", "cursor": null,
            "removals": false, "force": false, "listed": listed, "duplicates": 0, "damaged": 0, "expected": null,
            "started_ms": finished_ms - 1_000, "finished_ms": finished_ms, "leader": "somebody",
        });
        run.to_string()
    };
    // The newest first, as they lie there; the last ones are more than are cut off at once.
    let mut entries: Vec<String> = (1..60).map(|days| entry(days, "live", 7)).collect();
    entries.extend([entry(80, "live", 0), entry(89, "remedy", 3)]);
    entries.extend((0..150).map(|more| entry(91 + more, "live", 9)));
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    redis(&pipeline, "RPUSH", "extract:runs", &entries).await;
    for _ in 0..4 {
        pipeline.tool(Service::Extractor, &["sync"]).await.unwrap();
    }
    let status = json(&pipeline, &["status", "--json", "--runs", "500"]).await;
    let finished = status["finished"].as_array().unwrap();
    let ids: Vec<&str> = finished.iter().filter_map(|run| run["id"].as_str()).collect();
    assert!(ids.contains(&"remedy-89") && ids.contains(&"live-59"), "{ids:?}");
    assert!(!ids.contains(&"live-91") && !ids.contains(&"live-200"), "{ids:?}");
    assert!(finished.iter().all(|run| run["listed"] != 0), "{status}");
    // Three of the four found nothing, and lie there as one.
    let kept = redis(&pipeline, "LLEN", "extract:runs", &[]).await;
    let as_few = 61 + 2..=61 + 4;
    assert!(
        matches!(kept, redis::Value::Int(kept) if as_few.contains(&kept)),
        "{kept:?}"
    );
}

#[tokio::test]
async fn a_backfill_takes_its_span_and_goes_on_after_ctrl_c() {
    let builder = PipelineUnderTest::for_test()
        .customers(300)
        .seed(62)
        .set("OKKI_RATE", "1000")
        .set("BACKFILL_AHEAD", "20");
    let pipeline = builder
        .simulator(|options| {
            options.settings.okki.count_cap = 10;
            options.settings.okki.per_second = None;
            options.settings.okki.latency_ms = 30;
        })
        .start()
        .await;
    let (since, until) = (day(60), day(30));
    let arguments = ["sync", "--since", &since, "--until", &until, "--json"];
    let span = midnight(&since)..midnight(&until) + 86_400;
    let wanted = truth(&pipeline)
        .await
        .into_values()
        .filter(|time| span.contains(time))
        .count();

    let mut first = tokio::process::Command::from(
        command(Service::Extractor, &pipeline.settings(Service::Extractor)).unwrap(),
    );
    let mut first = first.args(arguments).kill_on_drop(true).spawn().unwrap();
    eventually(Duration::from_secs(60), "some details", async || {
        let calls = calls(&pipeline, "info");
        expect(calls >= 15, || format!("{calls}"))
    })
    .await;
    let pid = Pid::from_raw(first.id().unwrap().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(first.wait().await.unwrap().code(), Some(1));
    let unfinished = json(&pipeline, &["status", "--json", "--runs", "500"]).await;
    let listed = unfinished["running"][0]["listed"].as_u64().unwrap();
    assert!(listed > 0 && (listed as usize) < wanted, "{unfinished}");

    let other = pipeline
        .tool(Service::Extractor, &["sync", "--since", &day(10)])
        .await
        .unwrap_err();
    assert!(format!("{other:#}").contains("not finished"), "{other:#}");
    let report = json(&pipeline, &arguments).await;
    assert_eq!(report["listed"].as_u64().unwrap() as usize, wanted, "{report}");
    let sink = Sink::open(&pipeline).await;
    eventually(Duration::from_secs(60), "the span and nothing else", async || {
        let seen = sink.seen();
        let inside = seen.values().all(|seen| span.contains(&seen.update_time));
        expect(seen.len() == wanted && inside, || {
            format!("{} of {wanted}", seen.len())
        })
    })
    .await;
}

#[tokio::test]
async fn check_tries_everything_and_says_what_is_wrong() {
    let pipeline = PipelineUnderTest::for_test().customers(5).seed(63).start().await;
    let report = json(&pipeline, &["check", "--json"]).await;
    assert_eq!(report["ok"], true, "{report}");
    pipeline
        .simulator
        .set(|settings| settings.okki.scopes = vec!["product".into()]);
    let refused = pipeline.tool(Service::Extractor, &["check"]).await.unwrap_err();
    assert!(format!("{refused:#}").contains("cannot be used"), "{refused:#}");
}

/// What the platform exported is judged before anybody has credentials.
#[tokio::test]
async fn a_source_document_is_judged_without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source.json");
    let document = |value: &str| {
        serde_json::json!({
            "api": "/v1/company/list", "effect": "QUERY", "method": "GET",
            "request": [
                {"field": "start_time", "label": "s", "type": "string", "value": value},
                {"field": "group_id", "label": "g", "type": "string", "value": "101,102"},
                {"field": "count", "label": "c", "type": "string", "value": "{PAGINATION_PAGE_SIZE}"},
            ],
        })
    };
    let good = document("{{LAST_SYNC_TIME|datetime}}").to_string();
    std::fs::write(&file, &good).unwrap();
    let mut pipeline = PipelineUnderTest::for_test().customers(5).seed(69).start().await;
    pipeline.set_for(Service::Extractor, "SOURCE", file.display().to_string());
    let offline = ["check", "--offline"];
    let said = pipeline.tool(Service::Extractor, &offline).await.unwrap();
    assert!(
        said.contains("group 101, then 102") && said.contains("--offline"),
        "{said}"
    );
    for name in ["OKKI_CLIENT_ID", "OKKI_CLIENT_SECRET", "REDIS_URL", "AMQP_URL"] {
        pipeline.unset_for(Service::Extractor, name);
    }
    let said = pipeline.tool(Service::Extractor, &["check"]).await.unwrap();
    assert!(
        said.contains("not asked") && said.contains("OKKI_CLIENT_ID"),
        "{said}"
    );
    let report = json(&pipeline, &["check", "--offline", "--json"]).await;
    assert_eq!(report["ok"], true, "{report}");
    std::fs::write(&file, document("2026-01-01 00:00:00").to_string()).unwrap();
    for arguments in [&offline[..], &["check"]] {
        let error = pipeline.tool(Service::Extractor, arguments).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("78") && error.contains("start_time is always"),
            "{error}"
        );
    }
    assert_eq!(pipeline.simulator.stats().okki.total_calls, 0);
    // Half of the credentials is a mistake.
    std::fs::write(&file, &good).unwrap();
    pipeline.set_for(Service::Extractor, "OKKI_CLIENT_ID", "sim-okki-client");
    let error = pipeline.tool(Service::Extractor, &["check"]).await.unwrap_err();
    assert!(format!("{error:#}").contains("OKKI_CLIENT_SECRET"), "{error:#}");
}

#[tokio::test]
async fn dates_that_make_no_sense_are_refused_before_anything_happens() {
    let pipeline = PipelineUnderTest::for_test().customers(5).seed(64).start().await;
    for (arguments, words) in [
        (
            vec!["sync", "--since", "2026-02-01", "--until", "2026-01-01"],
            "--since",
        ),
        (vec!["sync", "--since", "01.02.2026"], "01.02.2026"),
    ] {
        let error = format!(
            "{:#}",
            pipeline.tool(Service::Extractor, &arguments).await.unwrap_err()
        );
        assert!(error.contains(words) && error.contains("78"), "{error}");
    }
    assert_eq!(pipeline.simulator.stats().okki.total_calls, 0);
}

#[tokio::test]
async fn a_live_change_overtakes_a_backfill() {
    let builder = PipelineUnderTest::for_test()
        .customers(300)
        .seed(65)
        .set("OKKI_RATE", "20")
        .set("BACKFILL_AHEAD", "20");
    let mut pipeline = builder.set_for(Service::Extractor, "START", day(0)).start().await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].ready().await;
    let sink = Sink::open(&pipeline).await;
    let settings = pipeline.settings(Service::Extractor);
    let mut backfill = tokio::process::Command::from(command(Service::Extractor, &settings).unwrap());
    let mut backfill = backfill
        .args(["sync", "--since", &day(89)])
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    eventually(Duration::from_secs(60), "the backfill is at work", async || {
        let calls = calls(&pipeline, "info");
        expect(calls >= 40, || format!("{calls}"))
    })
    .await;
    let before = jiff::Timestamp::now().as_second();
    let changed = pipeline.simulator.change(1)[0].to_string();
    eventually(Duration::from_secs(60), "the change is seen", async || {
        let seen = sink.seen().get(&changed).cloned();
        expect(
            seen.as_ref().is_some_and(|seen| seen.update_time >= before),
            || format!("{seen:?}"),
        )
    })
    .await;
    assert!(
        backfill.try_wait().unwrap().is_none(),
        "the backfill ended before the change was seen"
    );
    pipeline.drain().await;
}
