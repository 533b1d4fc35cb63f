//! The index is filled on demand: nobody waits for the walk over the form, and no customer gets a second row meanwhile,
//! also when people have touched rows and keys.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{Builder, PipelineUnderTest, ReplicaId, Service};
use kit::services::{Services, shared};
use kit::simulator::{Fault, FaultKind, KEY_WIDGET, Vendor};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(150);

fn documented(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("LATE_WRITES", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
}

/// What the loader tells of the index.
pub(super) async fn index(pipeline: &PipelineUnderTest, loader: ReplicaId) -> Value {
    let Ok((_, status)) = pipeline[loader].get("/status").await else {
        return Value::Null;
    };
    serde_json::from_str::<Value>(&status).unwrap()["index"].clone()
}

/// A metric, 0 while it does not answer.
async fn metric(pipeline: &PipelineUnderTest, loader: ReplicaId, name: &str) -> f64 {
    pipeline[loader].metric(name).await.unwrap_or(0.0)
}

pub(super) async fn complete(pipeline: &PipelineUnderTest, loader: ReplicaId) {
    eventually(LIMIT, "the form was read to its end", async || {
        let index = index(pipeline, loader).await;
        expect(index["state"] == "complete", || index.to_string())
    })
    .await;
}

/// How many rows each key cell has, as it stands there.
fn keys(pipeline: &PipelineUnderTest) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for row in pipeline.simulator.rows(100_000) {
        let key = row[KEY_WIDGET].as_str().unwrap_or_default().to_owned();
        *keys.entry(key).or_default() += 1;
    }
    keys
}

/// The row of each of these customers stands under its very id, once, and there is no other row.
async fn each_once(pipeline: &PipelineUnderTest, ids: &[i64]) {
    let wanted: BTreeMap<String, usize> = ids.iter().map(|id| (id.to_string(), 1)).collect();
    eventually(LIMIT, "every customer has one row under its key", async || {
        let keys = keys(pipeline);
        expect(keys == wanted, || format!("{keys:?}"))
    })
    .await;
}

fn row_id(pipeline: &PipelineUnderTest, key: &str) -> String {
    let rows = pipeline.simulator.rows(100_000);
    let row = rows.iter().find(|row| row[KEY_WIDGET] == key).unwrap();
    row["_id"].as_str().unwrap().to_owned()
}

fn touch(pipeline: &PipelineUnderTest, id: i64, cell: &str) {
    let row = row_id(pipeline, &id.to_string());
    let typed = json!({ KEY_WIDGET: {"value": cell} });
    pipeline.simulator.edit_row(&row, &typed).unwrap();
}

/// Short pages, too: a page of ten rows is not the end of the form.
#[tokio::test]
async fn customers_land_while_the_form_is_still_being_read() {
    let mut pipeline = documented(40, 141)
        .set("INDEX_SETTLE", "1s")
        .set("JDY_TIMEOUT", "20s")
        .simulator(|options| {
            options.settings.jdy.latency_ms = 300;
            options.settings.jdy.page_rows = Some(10);
        })
        .start()
        .await;
    let others = 1_000;
    for other in 0..others {
        let typed = json!({ KEY_WIDGET: {"value": format!("7000{other}")} });
        pipeline.simulator.insert_row(&typed).unwrap();
    }
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put(&feed.records(&pipeline, &ids[..20])).await;
    pipeline.rows(LIMIT, others + 20).await;
    feed.put(&feed.records(&pipeline, &ids)).await;
    pipeline.rows(LIMIT, others + 40).await;
    let told = index(&pipeline, loader).await;
    assert_eq!(told["state"], "open", "{told}");
    complete(&pipeline, loader).await;
    let told = index(&pipeline, loader).await;
    assert_eq!(
        (&told["rows"], &told["duplicates"]),
        (&(others + 40).into(), &0.into()),
        "{told}"
    );
    assert!(keys(&pipeline).values().all(|rows| *rows == 1));
}

/// What a restarted Redis may have lost concerns creates: they wait until no lost one can land, and nothing else does.
#[tokio::test]
async fn after_a_restart_of_redis_only_new_customers_wait() {
    let amqp = shared().await.unwrap().amqp_url.clone();
    let mut services = Services::private().await.unwrap();
    let mut pipeline = documented(30, 142)
        .services(&amqp, services.redis_url())
        .set("INDEX_SETTLE", "20s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put(&feed.records(&pipeline, &ids[..20])).await;
    pipeline.rows(LIMIT, 20).await;
    pipeline.quiet(LIMIT, 0).await;
    complete(&pipeline, loader).await;

    services.redis().unwrap().restart().await.unwrap();
    for id in &ids[..10] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    // What was fetched before the loader notices is fetched again.
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "the changed rows are written", async || {
        let stale = pipeline.simulator.judge().await.stale;
        expect(stale == 0, || format!("{stale} are not"))
    })
    .await;
    assert_eq!(pipeline.simulator.form_rows(), 20, "new rows wait");
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (30, 0));
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_row_that_a_person_deleted_is_made_again_after_a_rebuild() {
    let mut pipeline = documented(12, 143).set("INDEX_SETTLE", "0s").start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    complete(&pipeline, loader).await;
    let gone = row_id(&pipeline, &ids[3].to_string());
    pipeline.simulator.delete_rows(Some(&gone));
    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    feed.put(&feed.records(&pipeline, &ids[3..4])).await;
    each_once(&pipeline, &ids).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn touched_keys_are_repaired_and_make_no_second_row() {
    let mut pipeline = documented(8, 144).set("INDEX_SETTLE", "0s").start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    complete(&pipeline, loader).await;
    let digits = |id: i64| id.to_string();
    let wide = |id: i64| -> String {
        let wide = |digit: char| char::from_u32(u32::from(digit) + 0xfee0).unwrap();
        digits(id).chars().map(wide).collect()
    };
    let scientific = |id: i64| {
        let digits = digits(id);
        let fraction = digits[1..].trim_end_matches('0');
        format!("{}.{fraction}E+{}", &digits[..1], digits.len() - 1)
    };
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));

    touch(&pipeline, ids[0], "");
    touch(&pipeline, ids[1], &format!("{} ", ids[1]));
    touch(&pipeline, ids[2], &format!("\u{3000}{}", ids[2]));
    touch(&pipeline, ids[3], &wide(ids[3]));
    touch(&pipeline, ids[4], &scientific(ids[4]));
    touch(&pipeline, ids[5], &format!("{}.0", ids[5]));
    let said = pipeline
        .tool(Service::Loader, &["reconcile", "--fix", "--json"])
        .await
        .unwrap();
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&found["missing"]["count"], &found["different"]["count"]),
        (&0.into(), &6.into()),
        "the rows are there: {said}"
    );
    each_once(&pipeline, &ids).await;

    // And when Redis knows no row ids: by the spellings that imports make.
    touch(&pipeline, ids[1], &format!("{} ", ids[1]));
    touch(&pipeline, ids[3], &wide(ids[3]));
    touch(&pipeline, ids[4], &scientific(ids[4]));
    touch(&pipeline, ids[5], &format!("{}.0", ids[5]));
    feed.empty_redis().await;
    feed.put_all(&pipeline).await;
    each_once(&pipeline, &ids).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_second_row_that_somebody_makes_is_told_by_the_next_look() {
    let mut pipeline = documented(5, 145).set("INDEX_SETTLE", "0s").start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    complete(&pipeline, loader).await;
    let typed = json!({ KEY_WIDGET: {"value": ids[2].to_string()} });
    let extra = pipeline.simulator.insert_row(&typed).unwrap();
    // Its row is read again because an answer was lost.
    let lost = Fault::on(Vendor::Jdy, "update", FaultKind::Hang { commit: true }).nth(1);
    pipeline.simulator.fault(lost);
    pipeline.simulator.change_one(ids[2], None).unwrap();
    feed.put(&feed.records(&pipeline, &ids[2..3])).await;
    eventually(LIMIT, "the duplicate is told", async || {
        let index = index(&pipeline, loader).await;
        expect(index["duplicates"] == 1, || index.to_string())
    })
    .await;
    assert_eq!(
        metric(&pipeline, loader, "okki_loader_form_duplicates").await,
        1.0
    );
    let said = pipeline
        .tool(Service::Loader, &["index", "duplicates", "--json"])
        .await
        .unwrap();
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(listed[0]["extra"], extra.as_str(), "{said}");
    pipeline.quiet(LIMIT, 0).await;
}

/// The vendor's clock an hour ahead of everybody else's: each customer was fetched again for ever.
#[tokio::test]
async fn a_form_with_another_clock_costs_at_most_one_more_fetch() {
    let mut pipeline = documented(20, 146)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| options.settings.clock_offset_s = 3600)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    feed.empty_redis().await;
    for id in &ids {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let refetched = metric(&pipeline, loader, "okki_loader_refetched_total").await;
    assert!(
        (1.0..=ids.len() as f64).contains(&refetched),
        "{refetched} fetches"
    );
    drop(fetching);
    pipeline.drain().await;
}
