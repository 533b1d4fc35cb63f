//! Another mapping without fetching: its plan says what it will do to the form, kept snapshots are mapped again without a
//! detail call, interrupted or not, and letters of the loader are mapped from them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service, command};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::{Value, json};

use super::refuse_row;

const LIMIT: Duration = Duration::from_secs(180);
const KEY: &str = "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=";
const OTHER_KEY: &str = "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=";

/// The test's document with other values in the second cell and, as a whole number, in the third.
fn document(folder: &Path, name: &str, second: &str, third: &str) -> String {
    let read = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&read).unwrap();
    for field in document["request"].as_array_mut().unwrap() {
        if field["field"] == cell_widget(1).as_str() {
            field["value"] = json!(second);
        }
        if field["field"] == cell_widget(2).as_str() {
            field["value"] = json!(third);
            field["type"] = json!("int");
        }
    }
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, document.to_string()).unwrap();
    path.display().to_string()
}

/// The second cell of each row, by customer.
fn cells(pipeline: &PipelineUnderTest) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = pipeline.simulator.rows(10_000);
    let count = rows.len();
    let cells: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (text(&row[KEY_WIDGET]), text(&row[cell_widget(1)])))
        .collect();
    assert_eq!(cells.len(), count, "a customer has two rows");
    cells
}

fn details(pipeline: &PipelineUnderTest) -> u64 {
    pipeline.simulator.stats().okki.calls_of("info")
}

/// Customers that are loaded by this mapping, their snapshots kept; nobody fetches any more.
async fn loaded(
    customers: u32,
    seed: u64,
    mapping: &str,
    stars: &[i64],
) -> (PipelineUnderTest, [ReplicaId; 3]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("SNAPSHOT_KEY", KEY)
        .set_for(Service::Transformer, "KEEP_SNAPSHOTS", "true")
        .set_for(Service::Transformer, "MAPPING", mapping)
        .set_for(Service::Extractor, "REMOVALS", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    for (at, id) in pipeline.simulator.company_ids().into_iter().enumerate() {
        if let Some(stars) = stars.get(at) {
            let stars = json!({"star": stars});
            pipeline.simulator.change_unseen(id, Some(stars)).unwrap();
        }
    }
    let replicas = pipeline.run_all();
    pipeline.rows(LIMIT, customers as usize).await;
    settled(&mut pipeline, 0).await;
    pipeline[replicas[0]].kill9();
    (pipeline, replicas)
}

/// Waits until everybody who was listed has a disposition.
async fn settled(pipeline: &mut PipelineUnderTest, dead: u32) {
    pipeline.quiet(LIMIT, dead).await;
    eventually(LIMIT, "the account is settled", async || {
        let total = books(pipeline, "total").await;
        expect(total["in_flight"] == 0, || total.to_string())
    })
    .await;
}

/// The account of a run, or of all.
async fn books(pipeline: &PipelineUnderTest, run: &str) -> Value {
    let mut arguments = vec!["books", "--json"];
    if run != "total" {
        arguments.extend(["--run", run]);
    }
    let output = pipeline.tool_output(Service::Loader, &arguments).await.unwrap();
    let account: Value = serde_json::from_slice(&output.stdout).unwrap();
    match run {
        "total" => account["total"].clone(),
        _ => account["runs"][0].clone(),
    }
}

async fn mapping(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let arguments = [&["mapping"], arguments, &["--json"]].concat();
    let printed = pipeline.tool(Service::Transformer, &arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

async fn refused(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    match pipeline.tool(service, arguments).await {
        Ok(printed) => panic!("{arguments:?} succeeded: {printed}"),
        Err(error) => format!("{error:#}"),
    }
}

/// The next transformer, with another mapping and perhaps additions to it.
async fn deploy(
    pipeline: &mut PipelineUnderTest,
    transformer: ReplicaId,
    mapping: &str,
    extras: Option<&str>,
) {
    pipeline[transformer].kill9();
    pipeline.set_for(Service::Transformer, "MAPPING", mapping);
    if let Some(extras) = extras {
        pipeline.set_for(Service::Transformer, "MAPPING_EXTRAS", extras);
    }
    let later = pipeline.run(Service::Transformer);
    pipeline[later].ready().await;
}

#[tokio::test]
async fn everything_is_mapped_again_without_a_detail_call_and_as_the_plan_has_said() {
    let folder = tempfile::tempdir().unwrap();
    let before = document(folder.path(), "before", "fixed", "");
    // Of the stars 2 are dropped, 3 fail, 4 change, 5 stay as they are.
    let after = document(
        folder.path(),
        "after",
        "_function CASE WHEN '{{管理信息客户星级}}'='4' THEN 'four' ELSE 'fixed' END",
        "_function CASE WHEN '{{管理信息客户星级}}'='3' THEN 'abc' ELSE '' END",
    );
    let condition = json!([[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]]);
    let extras = folder.path().join("extras.json");
    std::fs::write(&extras, json!({"condition": condition}).to_string()).unwrap();
    let extras = extras.display().to_string();
    let stars = [[2; 4].as_slice(), &[3; 3], &[4; 6], &[5; 11]].concat();
    let (mut pipeline, [_, transformer, _]) = loaded(24, 811, &before, &stars).await;
    let fetched = details(&pipeline);
    println!(
        "{} bytes of Redis for each kept snapshot",
        kept_bytes(&pipeline).await / 24
    );

    let wanted = ["plan", after.as_str(), "--extras", &extras];
    let plan = mapping(&pipeline, &wanted).await;
    assert_eq!(
        plan["rows"],
        json!({"created": 0, "updated": 6, "unchanged": 11, "left": 4, "filtered": 0, "failing": 3}),
        "{plan}"
    );
    assert_eq!(
        (&plan["kept"], &plan["not_kept"]),
        (&json!(24), &json!(0)),
        "{plan}"
    );
    assert_eq!(plan["failing"][0]["code"], "wrong-type", "{plan}");
    assert_eq!(plan["failing"][0]["customers"], 3, "{plan}");
    assert_eq!(
        plan["per_second"]["changed_rows"], 20.0,
        "as the loader says: {plan}"
    );
    let hours = plan["hours"]["rows"].as_f64().unwrap();
    assert!((hours - 10.0 / 20.0 / 3_600.0).abs() < 1e-9, "{plan}");
    assert_eq!(cells(&pipeline).len(), 24, "a plan changes nothing");
    let text = [&["mapping"], &wanted[..]].concat();
    let text = pipeline.tool(Service::Transformer, &text).await.unwrap();
    assert!(
        text.contains("rows change") && text.contains("3 fail with wrong-type"),
        "{text}"
    );

    deploy(&mut pipeline, transformer, &after, Some(&extras)).await;
    let again = mapping(&pipeline, &["again", "--reason", "a test"]).await;
    assert_eq!(
        (&again["sent"], &again["not_kept"]),
        (&json!(24), &json!(0)),
        "{again}"
    );
    settled(&mut pipeline, 3).await;
    let account = books(&pipeline, again["run"].as_str().unwrap()).await;
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    // Who is dropped has been loaded as the removal of a row.
    assert_eq!(count("listed"), 24, "{account}");
    assert_eq!(count("unchanged"), 11, "{account}");
    assert_eq!(count("loaded") + count("filtered"), 6 + 4, "{account}");
    assert_eq!(count("dead"), 3, "{account}");
    let shown = cells(&pipeline);
    let four = shown.values().filter(|cell| *cell == "four").count();
    assert_eq!((shown.len(), four), (20, 6), "{shown:?}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");

    // What was done needs not be done again; but the same mapping once more drops nobody on the way.
    let plan = mapping(&pipeline, &wanted).await;
    assert_eq!(
        plan["rows"],
        json!({"created": 0, "updated": 0, "unchanged": 17, "left": 0, "filtered": 4, "failing": 3}),
        "{plan}"
    );
    let again = mapping(&pipeline, &["again", "--reason", "a test"]).await;
    settled(&mut pipeline, 6).await;
    let account = books(&pipeline, again["run"].as_str().unwrap()).await;
    let count = |name: &str| account[name].as_u64().unwrap();
    // A record that was committed before under the same version and mapping counts as loaded.
    assert_eq!(
        (count("listed"), count("loaded") + count("unchanged")),
        (24, 17),
        "{account}"
    );
    assert_eq!((count("filtered"), count("dead")), (4, 3), "{account}");
    assert_eq!(details(&pipeline), fetched);
    let audit = pipeline
        .tool(Service::Transformer, &["dead", "audit"])
        .await
        .unwrap();
    assert!(audit.contains("map again"), "{audit}");
    pipeline.drain().await;
}

#[tokio::test]
async fn another_key_is_said_and_an_earlier_one_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(folder.path(), "one", "fixed", "");
    let (mut pipeline, _) = loaded(3, 812, &document, &[]).await;
    let plan = ["mapping", "plan", document.as_str()];
    let again = ["mapping", "again", "--reason", "a test"];

    pipeline.set("SNAPSHOT_KEY", OTHER_KEY);
    for arguments in [&plan[..], &again[..]] {
        let text = refused(&pipeline, Service::Transformer, arguments).await;
        assert!(text.contains("sealed with another key"), "{text}");
        assert!(
            text.contains("SNAPSHOT_KEY") && !text.contains(OTHER_KEY),
            "{text}"
        );
    }
    for service in Service::ALL {
        pipeline.unset_for(service, "SNAPSHOT_KEY");
    }
    let text = refused(&pipeline, Service::Transformer, &plan).await;
    assert!(text.contains("SNAPSHOT_KEY is not set"), "{text}");

    pipeline.set("SNAPSHOT_KEY", "hunter2");
    let text = refused(&pipeline, Service::Transformer, &plan).await;
    assert!(
        text.contains("32 bytes in Base64") && !text.contains("hunter2"),
        "{text}"
    );
    pipeline.set("SNAPSHOT_KEY", format!("{OTHER_KEY},{KEY}"));
    let planned = mapping(&pipeline, &plan[1..]).await;
    assert_eq!(planned["rows"]["unchanged"], 3, "{planned}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_newer_state_is_kept_and_who_is_gone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = document(folder.path(), "one", "{name}", "");
    let (mut pipeline, [extractor, transformer, _]) = loaded(4, 813, &first, &[]).await;
    pipeline.restart(extractor).unwrap();
    let ids = pipeline.simulator.company_ids();
    let name = json!({"name": "Newer Name"});
    pipeline.simulator.change_one(ids[0], Some(name)).unwrap();
    pipeline.simulator.remove_one(ids[1]).unwrap();
    eventually(LIMIT, "both have arrived", async || {
        let cells = cells(&pipeline);
        let is_newer = cells.get(&ids[0].to_string()).map(String::as_str) == Some("Newer Name");
        expect(is_newer && cells.len() == 3, || format!("{cells:?}"))
    })
    .await;
    settled(&mut pipeline, 0).await;
    let plan = mapping(&pipeline, &["plan", &first]).await;
    assert_eq!(
        (&plan["kept"], &plan["rows"]["unchanged"]),
        (&json!(3), &json!(3)),
        "{plan}"
    );
    assert_eq!(plan["not_kept"], 0, "who is gone is not missed: {plan}");

    // Mapped again it is the newer state that is mapped, and nobody comes back.
    let second = document(folder.path(), "two", "again {name}", "");
    deploy(&mut pipeline, transformer, &second, None).await;
    mapping(&pipeline, &["again", "--reason", "a test"]).await;
    settled(&mut pipeline, 0).await;
    let cells = cells(&pipeline);
    assert_eq!(cells.len(), 3, "{cells:?}");
    assert_eq!(cells[&ids[0].to_string()], "again Newer Name", "{cells:?}");
    pipeline.drain().await;
}

/// Killed while it waits for the loader, and once more right behind a part; each time the same command goes on.
#[tokio::test]
async fn killed_in_the_middle_it_goes_on_and_nobody_is_lost_or_doubled() {
    const CUSTOMERS: u32 = 450;
    let folder = tempfile::tempdir().unwrap();
    let before = document(folder.path(), "before", "before", "");
    let after = document(folder.path(), "after", "after", "");
    let (mut pipeline, [_, transformer, loader]) = loaded(CUSTOMERS, 814, &before, &[]).await;
    let fetched = details(&pipeline);
    pipeline[loader].kill9();
    deploy(&mut pipeline, transformer, &after, None).await;
    let again = ["mapping", "again", "--reason", "a test", "--ahead", "150"];
    let start = |pipeline: &PipelineUnderTest| {
        let mut command = command(Service::Transformer, &pipeline.settings(Service::Transformer)).unwrap();
        command.args(again).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut seen: Option<(String, u64)> = None;
    for kill in 0..2 {
        if kill == 1 {
            // Somebody makes room, so that this one comes further than the first.
            pipeline.run(Service::Loader);
        }
        let mut child = start(&pipeline);
        let progress = eventually(LIMIT, "a part is in the queue", async || {
            // The killed one's lease keeps others away for a while.
            if child.try_wait().unwrap().is_some() {
                child = start(&pipeline);
            }
            let now = sent(&pipeline).await;
            expect(now > seen, || format!("{now:?}"))?;
            Ok(now)
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (run, sent) = progress.clone().unwrap();
        assert!(seen.is_none_or(|(of, _)| of == run), "it goes on with its run");
        assert!(sent <= u64::from(CUSTOMERS), "{sent}");
        seen = progress;
    }
    let (run, _) = seen.unwrap();
    let result = eventually(LIMIT, "the killed one's lease has ended", async || {
        let arguments = [&again[..], &["--json"]].concat();
        let output = pipeline
            .tool_output(Service::Transformer, &arguments)
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        expect(output.status.success(), || said)?;
        Ok(serde_json::from_slice::<Value>(&output.stdout).unwrap())
    })
    .await;
    assert_eq!(result["sent"], CUSTOMERS, "{result}");
    assert_eq!(result["run"].as_str(), Some(run.as_str()), "{result}");
    settled(&mut pipeline, 0).await;
    let shown = cells(&pipeline);
    assert_eq!(shown.len(), CUSTOMERS as usize);
    assert!(shown.values().all(|cell| cell == "after"), "{shown:?}");
    let account = books(&pipeline, &run).await;
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    // One that was killed between publishing a part and writing that down publishes it once more; each time is accounted for.
    let listed = count("listed");
    assert!(listed >= u64::from(CUSTOMERS), "{account}");
    assert_eq!(count("loaded") + count("unchanged"), listed, "{account}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");
    pipeline.drain().await;
}

/// What the kept snapshots take in Redis.
async fn kept_bytes(pipeline: &PipelineUnderTest) -> u64 {
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let mut sum = 0;
    for shard in 0..64 {
        let key = format!("{{{}}}:snapshots:{shard}", pipeline.namespace);
        let bytes: Option<u64> = redis::cmd("MEMORY")
            .arg("USAGE")
            .arg(key)
            .query_async(&mut redis)
            .await
            .unwrap();
        sum += bytes.unwrap_or_default();
    }
    sum
}

/// Run and customers of the command that is under way, as it has written them down.
async fn sent(pipeline: &PipelineUnderTest) -> Option<(String, u64)> {
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let text: Option<String> = redis::cmd("GET")
        .arg(pipeline.namespace.again_key())
        .query_async(&mut redis)
        .await
        .unwrap();
    let progress: Value = serde_json::from_str(&text?).unwrap();
    Some((progress["run"].as_str()?.to_owned(), progress["sent"].as_u64()?))
}

#[tokio::test]
async fn letters_of_the_loader_are_mapped_from_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bad = document(folder.path(), "bad", "bad", "");
    let good = document(folder.path(), "good", "good", "");
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(9)
        .seed(815)
        .set("SNAPSHOT_KEY", KEY)
        .set_for(Service::Transformer, "KEEP_SNAPSHOTS", "true")
        .set_for(Service::Transformer, "MAPPING", &bad)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..3] {
        pipeline.simulator.fault(refuse_row(&id.to_string()));
    }
    let [extractor, transformer, _] = pipeline.run_all();
    pipeline.rows(LIMIT, 6).await;
    pipeline.quiet(LIMIT, 3).await;
    pipeline.simulator.clear_faults(None);
    pipeline[extractor].kill9();
    let fetched = details(&pipeline);
    deploy(&mut pipeline, transformer, &good, None).await;

    // Of one of them nothing is kept any more.
    let lost = ids[0].to_string();
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let mut removed = 0;
    for shard in 0..64 {
        let key = format!("{{{}}}:snapshots:{shard}", pipeline.namespace);
        let count: u64 = redis::cmd("HDEL")
            .arg(key)
            .arg(&lost)
            .query_async(&mut redis)
            .await
            .unwrap();
        removed += count;
    }
    assert_eq!(removed, 1);

    let why = ["--from", "mapping", "--reason", "a test"];
    let plan = [&["dead", "plan"], &why[..]].concat();
    let text = pipeline.tool(Service::Loader, &plan).await.unwrap();
    assert!(
        text.contains("the kept snapshot of the customer is mapped anew"),
        "{text}"
    );
    assert!(text.contains("1 letters stay where they are"), "{text}");
    let planned = pipeline
        .tool(Service::Loader, &[&plan[..], &["--json"]].concat())
        .await
        .unwrap();
    let planned: Value = serde_json::from_str(&planned).unwrap();
    assert_eq!(
        (
            &planned["from"],
            &planned["not_kept"],
            &planned["cost"]["detail_calls"]
        ),
        (&json!("mapping"), &json!(1), &json!(0)),
        "{planned}"
    );
    let id = planned["id"].as_str().unwrap();
    let replayed = pipeline
        .tool(Service::Loader, &["dead", "replay", id, "--json"])
        .await
        .unwrap();
    let result: Value = serde_json::from_str(&replayed).unwrap();
    assert_eq!(
        (&result["applied"], &result["left"]),
        (&json!(2), &json!(1)),
        "{result}"
    );
    let shown = cells(&pipeline);
    let good = shown.values().filter(|cell| *cell == "good").count();
    assert_eq!((shown.len(), good), (8, 2), "{shown:?}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");

    // The one that is left says why, and is fetched.
    let patch = [&["dead", "patch", "--all", "--yes"], &why[..]].concat();
    let text = refused(&pipeline, Service::Loader, &patch).await;
    assert!(
        text.contains("no snapshot of the customer is kept; say --from fetch"),
        "{text}"
    );
    pipeline.restart(extractor).unwrap();
    let fetch = [
        "dead", "patch", "--all", "--yes", "--from", "fetch", "--reason", "a test",
    ];
    pipeline.tool(Service::Loader, &fetch).await.unwrap();
    pipeline.rows(LIMIT, 9).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.queues.dead(Stage::Load).await.unwrap(), 0);
    settled(&mut pipeline, 0).await;
    pipeline.drain().await;
}

/// Without keeping, nothing changes, and the commands say what to do.
#[tokio::test]
async fn nothing_is_kept_unless_it_is_wanted() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(816).start().await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let document = mapping_document();
    for arguments in [&["plan", document.as_str()][..], &["again", "--reason", "a test"]] {
        let arguments = [&["mapping"], arguments].concat();
        let text = refused(&pipeline, Service::Transformer, &arguments).await;
        assert!(
            text.contains("KEEP_SNAPSHOTS") && text.contains("extractor sync --full"),
            "{text}"
        );
    }
    let without = refused(
        &pipeline,
        Service::Transformer,
        &["mapping", "again", "--reason", " "],
    )
    .await;
    assert!(without.contains("--reason"), "{without}");
    pipeline.drain().await;
}
