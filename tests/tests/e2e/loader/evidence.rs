//! I12 and I17: whatever the vendor answers for one record, its neighbours and newcomers land, and it ends as a letter
//! after a few calls; an answer that hits everybody pauses the stage and costs nothing.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, KEY_WIDGET, Poison, Vendor};
use kit::wait::{eventually, expect};
use proto::v1::{FormRecord, field_value::Value};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(150);

async fn started(seed: u64, customers: u32) -> (PipelineUnderTest, Feed, ReplicaId) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("LINGER", "1s")
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    (pipeline, feed, loader)
}

fn mark(record: &mut FormRecord, text: &str) {
    record.fields[0].value = Some(Value::Text(text.to_owned()));
}

fn page(endpoint: &str, status: u16, marker: &str) -> Fault {
    let kind = FaultKind::Status {
        status,
        commit: false,
    };
    Fault::on(Vendor::Jdy, endpoint, kind).containing(marker)
}

fn code(endpoint: &str, code: i64, marker: &str) -> Fault {
    let kind = FaultKind::Code {
        code,
        message: String::new(),
        status: None,
    };
    Fault::on(Vendor::Jdy, endpoint, kind).containing(marker)
}

fn calls(pipeline: &PipelineUnderTest, operation: &str) -> u64 {
    let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    stats["jdy"]["calls"][operation]["calls"].as_u64().unwrap_or(0)
}

async fn listed(pipeline: &PipelineUnderTest) -> String {
    pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap()
}

#[tokio::test]
async fn a_row_that_makes_the_vendor_answer_with_a_page_dies_alone() {
    let statuses = [403, 405, 413, 302, 500, 503];
    let (mut pipeline, feed, _) = started(181, 30 * 6).await;
    let ids = pipeline.simulator.company_ids();
    let mut landed = 0;
    for ((status, ids), dead) in statuses.iter().zip(ids.chunks(30)).zip(1..) {
        let marker = format!("PAGE-{status}-OF-A-FIREWALL");
        pipeline.simulator.fault(page("batch_create", *status, &marker));
        let mut records = feed.records(&pipeline, ids);
        mark(&mut records[7], &marker);
        feed.put(&records[..20]).await;
        // Newcomers behind it.
        feed.put(&records[20..]).await;
        landed += ids.len() - 1;
        pipeline.rows(LIMIT, landed).await;
        pipeline.quiet(LIMIT, dead).await;
        let said = listed(&pipeline).await;
        assert!(said.contains(&format!("http-{status}")), "{said}");
    }
    let report = pipeline.simulator.judge().await;
    assert_eq!((report.duplicates, report.missing), (0, statuses.len()));
    pipeline.drain().await;
}

#[tokio::test]
async fn an_update_that_makes_the_vendor_answer_with_a_page_dies_alone() {
    let (mut pipeline, feed, _) = started(182, 30).await;
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    for (status, dead) in [(403, 1), (500, 2)] {
        let changed = pipeline.simulator.change(10);
        let mut records = feed.records(&pipeline, &changed);
        mark(&mut records[0], &format!("PAGE-{status}-OF-A-FIREWALL"));
        pipeline
            .simulator
            .fault(page("update", status, &format!("PAGE-{status}-OF")));
        let before = calls(&pipeline, "update");
        feed.put(&records).await;
        pipeline.quiet(LIMIT, dead).await;
        let made = calls(&pipeline, "update") - before;
        assert!(made <= 9 + 10, "{made} updates");
        // The record as it should be is another one.
        feed.put(&feed.records(&pipeline, &changed)).await;
        pipeline.until_equal(LIMIT).await;
    }
    pipeline.drain().await;
}

/// With nothing else to compare it with.
#[tokio::test]
async fn codes_that_stop_one_record_alone_are_repeated_a_few_times_only() {
    let (mut pipeline, feed, loader) = started(183, 10).await;
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    for (refused, dead) in [(17018, 1), (4001, 2), (1010, 3)] {
        let changed = pipeline.simulator.change(1);
        let key = changed[0].to_string();
        let mut rows = pipeline.simulator.rows(10).into_iter();
        let row = rows.find(|row| row[KEY_WIDGET].as_str() == Some(&key)).unwrap();
        let fault = pipeline
            .simulator
            .fault(code("update", refused, row["_id"].as_str().unwrap()));
        let (updates, lists) = (calls(&pipeline, "update"), calls(&pipeline, "list"));
        feed.put(&feed.records(&pipeline, &changed)).await;
        pipeline.quiet(LIMIT, dead).await;
        let said = listed(&pipeline).await;
        assert!(said.contains(&refused.to_string()), "{said}");
        let updates = calls(&pipeline, "update") - updates;
        let lists = calls(&pipeline, "list") - lists;
        // Before each update it is asked whose the row is; after each refusal whether the vendor answers others, and whether
        // the update was heeded. What was confirmed before is read once more meanwhile.
        assert!(
            (2..=7).contains(&updates) && lists <= 3 * updates + 2,
            "{updates} updates, {lists} lists"
        );
        pipeline[loader].ready().await;
        // The cause goes away.
        pipeline.simulator.clear_faults(Some(fault));
        feed.put(&feed.records(&pipeline, &changed)).await;
        pipeline.until_equal(LIMIT).await;
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn a_documented_row_code_that_hits_every_row_pauses_and_costs_nothing() {
    let (mut pipeline, feed, loader) = started(184, 150).await;
    pipeline.simulator.set(|settings| {
        let marker = String::new();
        settings.jdy.poison = vec![Poison { marker, code: 4007 }];
    });
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("4007").await;
    let before = pipeline.simulator.stats().jdy.total_calls;
    eventually(LIMIT, "some more tries", async || {
        let now = pipeline.simulator.stats().jdy.total_calls;
        expect(now > before + 10, || format!("{now} calls"))
    })
    .await;
    pipeline[loader].pauses_for("4007").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.simulator.set(|settings| settings.jdy.poison.clear());
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[loader].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn bad_rows_alone_pause_the_stage_until_a_good_one_shows_that_it_is_them() {
    let (mut pipeline, feed, loader) = started(185, 30).await;
    pipeline.simulator.set(|settings| {
        let marker = "POISON".into();
        settings.jdy.poison = vec![Poison { marker, code: 3005 }];
    });
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    records[..20]
        .iter_mut()
        .for_each(|record| mark(record, "a POISON row"));
    feed.put(&records[..20]).await;
    pipeline[loader].pauses_for("3005").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    feed.put(&records[20..]).await;
    pipeline.rows(LIMIT, 10).await;
    pipeline.quiet(LIMIT, 20).await;
    pipeline[loader].ready().await;
    pipeline.drain().await;
}

/// Reading works and the plan is full: nobody is at fault, however long.
#[tokio::test]
async fn a_full_plan_buries_nobody() {
    let (mut pipeline, feed, loader) = started(186, 40).await;
    let full = pipeline.simulator.fault(code("batch_create", 7221, ""));
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("7221").await;
    let before = calls(&pipeline, "batch_create");
    eventually(LIMIT, "some trials", async || {
        let now = calls(&pipeline, "batch_create");
        expect(now >= before + 9, || format!("{now} after {before}"))
    })
    .await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.simulator.clear_faults(Some(full));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
