//! Redis goes away, or is emptied, in the middle of something: it is waited for, nothing counts twice, and no decision that
//! was made from what is gone is written.

use std::process::Output;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::proxy::Proxy;
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::sink::{Sink, calls, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);
const WRITE: &str = include_str!("../../../../extractor/src/state/write_fenced.lua");

/// Runs a command whose way to Redis leads through a proxy, with which something is done meanwhile.
async fn through(
    pipeline: &PipelineUnderTest,
    arguments: &[&str],
    meanwhile: impl AsyncFnOnce(&Proxy),
) -> Output {
    let mut settings = pipeline.settings(Service::Extractor);
    let proxy = Proxy::before(&settings["REDIS_URL"]).await.unwrap();
    let url = proxy.redirected(&settings["REDIS_URL"]).unwrap();
    settings.insert("REDIS_URL".into(), url);
    let mut command = tokio::process::Command::from(command(Service::Extractor, &settings).unwrap());
    let output = command.args(arguments).kill_on_drop(true).output();
    let (output, ()) = tokio::join!(output, meanwhile(&proxy));
    output.unwrap()
}

async fn cut(proxy: &Proxy, length: Duration) {
    proxy.cut();
    tokio::time::sleep(length).await;
    proxy.pass();
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn loaded(customers: u32, seed: u64) -> PipelineUnderTest {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "LEASE_TTL", "2s")
        .set_for(Service::Extractor, "OKKI_PAGE_SIZE", "50")
        .set_for(Service::Extractor, "BACKFILL_AHEAD", "5")
        .simulator(|options| options.settings.okki.latency_ms = 100)
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(LIMIT, customers as usize).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline
}

/// Longer than a lease, and met by whichever call comes next.
#[tokio::test]
async fn an_outage_of_redis_is_waited_for_by_commands() {
    let pipeline = loaded(120, 1801).await;
    let before = calls(&pipeline, "list");
    let listing = async |calls_before: u64| {
        eventually(LIMIT, "it lists", async || {
            let now = calls(&pipeline, "list");
            expect(now > calls_before + 1, || format!("{now} of {calls_before}"))
        })
        .await;
    };
    let away = Duration::from_secs(4);
    let output = through(&pipeline, &["reconcile", "--json"], async |proxy| {
        listing(before).await;
        cut(proxy, away).await;
    })
    .await;
    assert!(output.status.success(), "{}", complaint(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["listed"], &report["current"]),
        (&json!(120), &json!(120)),
        "{report}"
    );

    let before = calls(&pipeline, "list");
    let sync = ["sync", "--since", "2000-01-01", "--json"];
    let output = through(&pipeline, &sync, async |proxy| {
        listing(before).await;
        cut(proxy, away).await;
    })
    .await;
    assert!(output.status.success(), "{}", complaint(&output));
}

/// While it publishes for a page, the page is counted already, and is compared once more.
#[tokio::test]
async fn a_step_that_is_repeated_counts_once() {
    const ALL: u64 = 120;
    const FORGOTTEN: usize = 80;
    let pipeline = loaded(120, 1802).await;
    let ids = pipeline.simulator.company_ids();
    for id in ids.iter().take(FORGOTTEN) {
        redis(&pipeline, "DEL", &format!("mark:{id}"), &[]).await;
    }
    let before = calls(&pipeline, "info");
    let output = through(&pipeline, &["reconcile", "--fix", "--json"], async |proxy| {
        for portion in 1..=4 {
            eventually(LIMIT, "it publishes", async || {
                let now = calls(&pipeline, "info");
                expect(now >= before + portion * 10, || format!("{now} of {before}"))
            })
            .await;
            cut(proxy, Duration::from_millis(200)).await;
        }
    })
    .await;
    assert!(output.status.success(), "{}", complaint(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |name: &str| report[name]["count"].as_u64().or(report[name].as_u64()).unwrap();
    assert_eq!(of("listed"), ALL, "{report}");
    let all = ["current", "in_flight", "missing", "stale"].map(of);
    assert_eq!(all.iter().sum::<u64>(), ALL, "{report}");
    assert_eq!(of("fixed"), of("missing") + of("stale"), "{report}");
}

/// A run writes only where Redis still holds what it was begun from.
#[tokio::test]
async fn the_end_of_a_run_is_not_written_when_redis_was_emptied_meanwhile() {
    let pipeline = PipelineUnderTest::for_test().customers(1).start().await;
    let keys = ["extract:job:live", "extract:runs"].map(|key| format!("{{{}}}:{key}", pipeline.namespace));
    let write = async |fence: &str, begun: &str, checkpoint: &str, fields: &[&str]| -> i64 {
        let keys = ["2", &keys[0], &keys[1]];
        let arguments = [&keys[..], &[fence, "", begun, checkpoint], fields].concat();
        redis::from_redis_value(redis_at(&pipeline, "EVAL", WRITE, &arguments).await).unwrap()
    };
    let checkpoint = async || -> Option<String> {
        redis::from_redis_value(redis(&pipeline, "HGET", "extract:job:live", &["checkpoint"]).await).unwrap()
    };
    let end = ["run", "", "checkpoint", "200"];
    redis(&pipeline, "HSET", "extract:job:live", &["checkpoint", "100"]).await;
    assert_eq!(write("7", "", "100", &["run", "{}"]).await, 1);
    assert_eq!(write("7", "1", "*", &["run", "{}"]).await, 1, "it goes on");
    redis(&pipeline, "DEL", "extract:job:live", &[]).await;
    assert_eq!(write("7", "1", "*", &["run", "{}"]).await, -1);
    assert_eq!(write("7", "1", "100", &end).await, -1);
    assert_eq!(
        write("7", "", "100", &["run", "{}"]).await,
        -1,
        "nor begun from it"
    );
    assert_eq!(checkpoint().await, None);

    // Restored as it was before, or changed by hand.
    redis(
        &pipeline,
        "HSET",
        "extract:job:live",
        &["checkpoint", "50", "fence", "6"],
    )
    .await;
    assert_eq!(write("7", "1", "50", &end).await, -1);
    redis(&pipeline, "HSET", "extract:job:live", &["fence", "7"]).await;
    assert_eq!(write("7", "1", "100", &end).await, -1);
    assert_eq!(write("7", "1", "50", &end).await, 1);
    assert_eq!(checkpoint().await.as_deref(), Some("200"));
    assert_eq!(write("6", "1", "200", &end).await, 0, "a newer one has written");
}

/// It was never listed up to there: whoever starts like that means changes from then on, or everything.
#[tokio::test]
async fn a_checkpoint_without_one_before_asks_for_a_first_load() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(1804)
        .start()
        .await;
    let ago = (jiff::Timestamp::now() - Duration::from_secs(600)).to_string();
    let set = async |more: &[&str]| -> Value {
        let arguments = [
            &["checkpoint", "set", &ago, "--reason", "start here", "--json"],
            more,
        ]
        .concat();
        let printed = pipeline.tool(Service::Extractor, &arguments).await.unwrap();
        serde_json::from_str(&printed).unwrap()
    };
    let wanted = async || -> Option<String> {
        redis::from_redis_value(redis(&pipeline, "HGET", "extract:job:first", &["wanted"]).await).unwrap()
    };
    let said = set(&["--nothing-earlier"]).await;
    assert!(said["before"].is_null() && said["first_load"] == false, "{said}");
    assert_eq!(wanted().await, None);
    let said = set(&[]).await;
    assert!(
        said["before"].is_string() && said["first_load"] == false,
        "{said}"
    );
    assert_eq!(wanted().await, None, "there was one");
    redis(&pipeline, "DEL", "extract:job:live", &[]).await;
    let said = set(&[]).await;
    assert!(said["before"].is_null() && said["first_load"] == true, "{said}");
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline.drain().await;
}
