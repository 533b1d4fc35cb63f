//! Everything that OKKI lists against everything that was loaded: what is missing, stale or too much is found, and mended.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::simulator::{Fault, FaultKind, KEY_WIDGET, Vendor};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::sink::{calls, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);

/// What a comparison says, and whether it found nothing to complain of.
pub(super) async fn reconcile(pipeline: &PipelineUnderTest, more: &[&str]) -> (Value, bool) {
    let arguments = [&["reconcile", "--source", "--json"], more].concat();
    let output = pipeline
        .tool_output(Service::Extractor, &arguments)
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said} {complaint}"));
    (report, output.status.success())
}

/// Compares again until the report is like this, for changes of the last seconds are not listed yet.
async fn reported(pipeline: &PipelineUnderTest, more: &[&str], wanted: &[(&str, u64)]) {
    eventually(LIMIT, &format!("{wanted:?}"), async || {
        let (report, _) = reconcile(pipeline, more).await;
        let count = |name: &str| {
            let finding = &report[name];
            finding["count"].as_u64().or(finding.as_u64())
        };
        let is_so = wanted.iter().all(|(name, number)| count(name) == Some(*number));
        expect(is_so, || report.to_string())
    })
    .await;
}

fn keys(pipeline: &PipelineUnderTest) -> Vec<String> {
    let rows = pipeline.simulator.rows(100_000);
    let key = |row: &Value| row[KEY_WIDGET].as_str().unwrap_or_default().to_owned();
    let mut keys: Vec<String> = rows.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// Customers of these groups, as texts.
fn members(pipeline: &PipelineUnderTest, groups: &[&str]) -> Vec<String> {
    let ids = pipeline.simulator.company_ids();
    let is_member = |id: &i64| {
        let group = pipeline.simulator.customer(*id).unwrap().group;
        groups.contains(&group.as_deref().unwrap_or_default())
    };
    let mut ids: Vec<String> = ids
        .into_iter()
        .filter(is_member)
        .map(|id| id.to_string())
        .collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn what_is_missing_stale_or_too_much_is_found_and_mended() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(120)
        .seed(121)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101, 102")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let groups = ["欧洲区", "美洲区"];
    let [extractor, ..] = pipeline.run_all();
    let loaded = members(&pipeline, &groups);
    assert!(loaded.len() > 20 && loaded.len() < 110, "{}", loaded.len());
    pipeline.rows(LIMIT, loaded.len()).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(keys(&pipeline), loaded);
    let all = loaded.len() as u64;
    reported(&pipeline, &[], &[("listed", all), ("current", all)]).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good, "{report}");

    // While nobody lists: two change, two leave the group, one of them unseen for long, one is deleted, one is forgotten.
    pipeline[extractor].kill9();
    let id = |at: usize| loaded[at].parse::<i64>().unwrap();
    for at in [0, 1] {
        pipeline.simulator.change_one(id(at), None).unwrap();
    }
    for at in [2, 3] {
        let elsewhere = json!({"group": "重点客户/A类"});
        pipeline.simulator.change_one(id(at), Some(elsewhere)).unwrap();
    }
    pipeline.simulator.remove_one(id(4)).unwrap();
    redis(&pipeline, "DEL", &format!("mark:{}", loaded[5]), &[]).await;
    let wrong = [
        ("stale", 2),
        ("unlisted", 2),
        ("deleted", 1),
        ("missing", 1),
        ("current", all - 6),
    ];
    reported(&pipeline, &[], &wrong).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(!is_good, "{report}");
    assert_eq!(report["missing"]["examples"], json!([loaded[5]]), "{report}");
    assert_eq!(keys(&pipeline), loaded, "nothing was touched");

    // Details are fetched by a replica, which lists the changes, too; the others only the comparison finds.
    let before = pipeline.simulator.stats().okki.total_calls;
    pipeline.set_for(Service::Extractor, "EVERY", "1h");
    pipeline.run(Service::Extractor);
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(is_good, "{report}");
    assert!(report["fixed"].as_u64() >= Some(3), "{report}");
    let expected = members(&pipeline, &groups);
    assert_eq!(expected.len() as u64, all - 3);
    eventually(LIMIT, "only the members have rows", async || {
        let keys = keys(&pipeline);
        expect(keys == expected, || format!("{keys:?}, not {expected:?}"))
    })
    .await;
    assert!(pipeline.simulator.stats().okki.total_calls > before);
    pipeline.quiet(LIMIT, 0).await;
    let books = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .unwrap();
    let books: Value = serde_json::from_str(&books).unwrap();
    assert_eq!(books["total"]["filtered_removed"], 2, "{books}");
    assert_eq!(books["total"]["filtered_unlisted"], 2, "{books}");
    let traced = ["trace", &loaded[2], "--json"];
    let traced = pipeline.tool(Service::Transformer, &traced).await.unwrap();
    let traced: Value = serde_json::from_str(&traced).unwrap();
    assert_eq!(traced["place"], "unlisted", "{traced}");
    assert!(
        traced["now"]
            .as_str()
            .unwrap()
            .contains("taken away by a comparison"),
        "{traced}"
    );
    reported(&pipeline, &[], &[("listed", all - 3), ("current", all - 3)]).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good, "{report}");
    pipeline.drain().await;
}

/// The tree of groups is not shown: what is called handled is handled.
#[tokio::test]
async fn who_left_a_group_is_handled_where_the_tree_of_groups_is_refused() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(129)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let refused = FaultKind::Code {
        code: 404,
        message: "Not Found Resource".to_owned(),
        status: None,
    };
    let refused = Fault::on(Vendor::Okki, "selector", refused);
    pipeline.simulator.fault(refused);
    pipeline.run_all();
    let loaded = members(&pipeline, &["欧洲区"]);
    pipeline.rows(LIMIT, loaded.len()).await;
    pipeline.quiet(LIMIT, 0).await;
    let left = loaded[0].parse::<i64>().unwrap();
    let elsewhere = json!({"group": "美洲区"});
    pipeline.simulator.change_one(left, Some(elsewhere)).unwrap();
    // At once it may be too early to say; then it is not said to be handled.
    eventually(LIMIT, "it is handled", async || {
        let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
        let open = report["undecided"]["count"].as_u64();
        assert_eq!(is_good, open == Some(0), "{report}");
        expect(is_good && report["fixed"] == 1, || report.to_string())
    })
    .await;
    eventually(LIMIT, "its row is gone", async || {
        let keys = keys(&pipeline);
        expect(keys == loaded[1..], || format!("{keys:?}"))
    })
    .await;
    reported(&pipeline, &[], &[("unlisted", 0)]).await;
    pipeline.drain().await;
}

/// Rows that only the form knows, because Redis was emptied, and whose customers a condition drops.
#[tokio::test]
async fn a_filtered_customer_whose_row_redis_has_forgotten_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let extras = folder.path().join("extras.json");
    let condition = json!({"condition": [[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]]});
    std::fs::write(&extras, condition.to_string()).unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(122)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    for id in pipeline.simulator.company_ids() {
        let stars = json!({"star": 5});
        pipeline.simulator.change_one(id, Some(stars)).unwrap();
    }
    let replicas = pipeline.run_all();
    pipeline.rows(LIMIT, 30).await;
    pipeline.quiet(LIMIT, 0).await;
    for replica in replicas {
        pipeline[replica].kill9();
    }
    let left = pipeline.simulator.company_ids()[7];
    let stars = json!({"star": 1});
    pipeline.simulator.change_one(left, Some(stars)).unwrap();
    empty(&pipeline).await;
    pipeline.set_for(
        Service::Transformer,
        "MAPPING_EXTRAS",
        extras.display().to_string(),
    );
    // The customer is dropped before any loader has seen the form.
    pipeline.run(Service::Extractor);
    let transformer = pipeline.run(Service::Transformer);
    eventually(LIMIT, "it is dropped", async || {
        let filtered = pipeline[transformer]
            .metric("okki_filtered_total")
            .await
            .unwrap_or(0.0);
        expect(filtered >= 1.0, || format!("{filtered}"))
    })
    .await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    reported(&pipeline, &[], &[("dropped", 1), ("current", 29)]).await;
    let (report, _) = reconcile(&pipeline, &["--fix"]).await;
    assert_eq!(report["fixed"], 1, "{report}");
    eventually(LIMIT, "its row is gone", async || {
        let keys = keys(&pipeline);
        expect(keys.len() == 29 && !keys.contains(&left.to_string()), || {
            format!("{keys:?}")
        })
    })
    .await;
    reported(
        &pipeline,
        &[],
        &[("dropped", 0), ("filtered", 1), ("current", 29)],
    )
    .await;
    pipeline.drain().await;
}

async fn empty(pipeline: &PipelineUnderTest) {
    let url = &pipeline.settings(Service::Extractor)["REDIS_URL"];
    let mut connection = kit::redis_client::connect(url).await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(pipeline.namespace.key_pattern())
        .query_async(&mut connection)
        .await
        .unwrap();
    redis::cmd("DEL")
        .arg(keys)
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_comparison_that_was_broken_off_goes_on_where_it_was() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(123)
        .set_for(Service::Extractor, "OKKI_PAGE_SIZE", "10")
        .set_for(Service::Extractor, "LEASE_TTL", "1s")
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(LIMIT, 400).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;

    pipeline.simulator.reset_stats();
    let mut first = command(Service::Extractor, &pipeline.settings(Service::Extractor)).unwrap();
    let mut first = first.args(["reconcile", "--json"]).spawn().unwrap();
    eventually(LIMIT, "the place behind a good part is kept", async || {
        let kept = kept(&pipeline).await;
        let listed = kept["findings"]["listed"].as_u64();
        expect(listed >= Some(100), || format!("{kept}"))
    })
    .await;
    first.kill().unwrap();
    first.wait().unwrap();
    pipeline.simulator.reset_stats();
    let mut calls_of_the_rest = 0;
    eventually(LIMIT, "the lease of the killed one ends", async || {
        pipeline.simulator.reset_stats();
        let output = pipeline
            .tool_output(Service::Extractor, &["reconcile", "--json"])
            .await
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(complaint);
        }
        calls_of_the_rest = calls(&pipeline, "list");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        expect(report["listed"] == 400 && report["current"] == 400, || {
            report.to_string()
        })
    })
    .await;
    pipeline.simulator.reset_stats();
    let (report, is_good) = reconcile(&pipeline, &["--restart"]).await;
    assert!(is_good && report["listed"] == 400, "{report}");
    let all = calls(&pipeline, "list");
    assert!(
        calls_of_the_rest + 15 < all,
        "{calls_of_the_rest} calls went on, a whole comparison needs {all}"
    );
}

/// Where a comparison that is broken off now would go on.
async fn kept(pipeline: &PipelineUnderTest) -> Value {
    match redis(pipeline, "GET", "extract:reconcile", &[]).await {
        redis::Value::BulkString(text) => serde_json::from_slice(&text).unwrap(),
        _ => Value::Null,
    }
}

/// A listing that shows nobody says nothing about anybody's row.
#[tokio::test]
async fn nobody_is_removed_when_everybody_seems_to_have_gone() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(124)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let [extractor, ..] = pipeline.run_all();
    pipeline.rows(LIMIT, 40).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[extractor].kill9();
    // A group that is known and has hardly anybody. As long as a replica without it seems to run, nothing is compared.
    pipeline.set_for(Service::Extractor, "OKKI_GROUP_ID", "104");
    let complaint = async || {
        let fix = ["reconcile", "--source", "--fix"];
        let output = pipeline.tool_output(Service::Extractor, &fix).await.unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let refused = complaint().await;
    assert!(refused.contains("lists by another filter"), "{refused}");
    eventually(LIMIT, "the replica that was killed is forgotten", async || {
        let said = complaint().await;
        expect(!said.contains("lists by another filter"), || said)
    })
    .await;
    let few = members(&pipeline, &["O'Brien 组"]).len() as u64;
    assert!(few < 20, "{few}");
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(!is_good && report["fixed"] == 0, "{report}");
    assert_eq!(report["held_back"], 40 - few, "{report}");
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.form_rows(), 40);
    // A person who means it says so.
    let (report, is_good) = reconcile(&pipeline, &["--fix", "--at-most", "100"]).await;
    assert!(is_good, "{report}");
    eventually(LIMIT, "the others are gone", async || {
        let rows = pipeline.simulator.form_rows() as u64;
        expect(rows == few, || format!("{rows}"))
    })
    .await;
    pipeline.drain().await;
}

#[tokio::test]
async fn who_is_at_a_comparison_is_named() {
    let pipeline = PipelineUnderTest::for_test().customers(3).seed(97).start().await;
    let key = format!("{{{}}}:", pipeline.namespace);
    let lease = format!("{key}extract:lease:reconcile");
    redis_at(&pipeline, "SET", &lease, &["host-17 4711", "PX", "600000"]).await;
    let told = r#"{"instance":"host-17","by":"schedule","since_ms":1700000000000}"#;
    redis_at(
        &pipeline,
        "HSET",
        &format!("{key}compared"),
        &["source at work", told],
    )
    .await;
    let refused = pipeline
        .tool(Service::Extractor, &["reconcile"])
        .await
        .unwrap_err();
    let refused = format!("{refused:#}");
    assert!(
        refused.contains("another comparison is at work: host-17 since "),
        "{refused}"
    );
    assert!(
        refused.contains("RECONCILE_CRON") && refused.contains("stop that process"),
        "{refused}"
    );
    // What a holder of before has said is no word about this one.
    redis_at(&pipeline, "SET", &lease, &["host-18 4712", "PX", "600000"]).await;
    let refused = pipeline
        .tool(Service::Extractor, &["reconcile"])
        .await
        .unwrap_err();
    let refused = format!("{refused:#}");
    assert!(
        refused.contains("host-18") && !refused.contains("host-17"),
        "{refused}"
    );
}
