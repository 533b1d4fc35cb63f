//! What people do to rows, as Jiandaoyun pushes it: known at once, undone where the policies say so, and never believed
//! before the form was read (I2, I3, I16).

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{Builder, PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{FormSpec, KEY_WIDGET, WidgetSpec, cell_widget};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::{Value, json};

use super::feed::Feed;

pub(super) const LIMIT: Duration = Duration::from_secs(90);
pub(super) const TOKEN: &str = "0123456789abcdef-hook";
const NAME: usize = 0;
/// A widget that nobody maps.
const NOTE: &str = "_widget_note";

pub(super) fn hearing(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_all_for(
            Service::Loader,
            &[
                ("MAPPING", &mapping_document()),
                ("HOOK_LISTEN", "127.0.0.1:0"),
                ("HOOK_TOKEN", TOKEN),
                ("JDY_HOOK_SECRET", "sim-hook-secret"),
            ],
        )
        .simulator(|options| {
            options.forms = vec![FormSpec::customers().with(WidgetSpec::new(NOTE, "note", "text"))];
        })
}

/// Starts a loader, has all customers written, and has pushes sent to it.
pub(super) async fn loaded(builder: Builder) -> (PipelineUnderTest, Feed, ReplicaId) {
    let mut pipeline = builder.start().await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    hear(&pipeline, loader).await;
    (pipeline, feed, loader)
}

/// Has the simulator push to this loader from now on.
pub(super) async fn hear(pipeline: &PipelineUnderTest, loader: ReplicaId) {
    let address = eventually(LIMIT, "the loader listens for pushes", async || {
        let log = pipeline[loader].log();
        let line = log.lines().find(|line| line.contains("webhook listening"));
        let line: Value = line
            .and_then(|line| serde_json::from_str(line).ok())
            .ok_or("it does not say so")?;
        let addr = line.get("addr").or_else(|| line["fields"].get("addr"));
        addr.and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or(format!("{line}"))
    })
    .await;
    pipeline.simulator.set(|settings| {
        settings.jdy.pushes.url = Some(format!("http://{address}/hook/{TOKEN}"));
    });
}

/// Row ids by key.
pub(super) fn keyed(pipeline: &PipelineUnderTest) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in pipeline.simulator.rows(10_000) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        rows.entry(text(KEY_WIDGET)).or_default().push(text("_id"));
    }
    rows
}

pub(super) fn row_of(pipeline: &PipelineUnderTest, id: i64) -> String {
    keyed(pipeline)[&id.to_string()][0].clone()
}

/// What `/status` says about pushes.
async fn said(pipeline: &PipelineUnderTest, loader: ReplicaId) -> Value {
    let Ok((200, text)) = pipeline[loader].get("/status").await else {
        return Value::Null;
    };
    serde_json::from_str::<Value>(&text).unwrap()["pushes"].take()
}

/// Waits until so many rows were found to have been touched in this way, and this was done about it.
pub(super) async fn found(
    pipeline: &PipelineUnderTest,
    loader: ReplicaId,
    change: &str,
    action: &str,
    rows: u64,
) {
    let what = format!("{rows} rows are found {change} and are {action}");
    eventually(LIMIT, &what, async || {
        let said = said(pipeline, loader).await;
        expect(said["found"][change][action] == rows, || {
            format!("{said}; {:?}", pipeline.simulator.pushes())
        })
    })
    .await;
}

/// Waits until so many pushes have arrived and become this.
async fn arrived(pipeline: &PipelineUnderTest, loader: ReplicaId, deed: &str, result: &str, pushes: u64) {
    let what = format!("{pushes} pushes of {deed} are {result}");
    eventually(LIMIT, &what, async || {
        let said = said(pipeline, loader).await;
        expect(said["arrived"][deed][result] == pushes, || format!("{said}"))
    })
    .await;
}

async fn trace(pipeline: &PipelineUnderTest, id: i64) -> String {
    let id = id.to_string();
    pipeline.tool(Service::Loader, &["trace", &id]).await.unwrap()
}

async fn asked_for(pipeline: &PipelineUnderTest) -> u32 {
    pipeline
        .queues
        .waiting(Stage::Extract)
        .await
        .unwrap()
        .unwrap_or_default()
}

pub(super) fn cell(at: usize, text: &str) -> Value {
    json!({ cell_widget(at): {"value": text} })
}

fn key(text: &str) -> Value {
    json!({ KEY_WIDGET: {"value": text} })
}

/// Without pushes a record with the same content would be `unchanged`, and the customer without a row for ever.
#[tokio::test]
async fn a_deleted_row_is_known_at_once_and_left_until_the_customer_changes() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 611)).await;
    let id = pipeline.simulator.company_ids()[3];
    let row = row_of(&pipeline, id);
    assert_eq!(pipeline.simulator.delete_rows(Some(&row)), 1);
    found(&pipeline, loader, "removed", "left", 1).await;
    let told = trace(&pipeline, id).await;
    assert!(
        told.contains("deleted by a person") && told.contains("left"),
        "{told}"
    );
    assert_eq!(asked_for(&pipeline).await, 0);
    assert_eq!(pipeline.simulator.form_rows(), 19);
    let counted = pipeline[loader].metric("okki_loader_touched_rows_total").await;
    assert_eq!(counted, Some(1.0));
    let checked = pipeline.tool(Service::Loader, &["check"]).await.unwrap();
    assert!(
        checked.contains("数据推送") && checked.contains("/hook/<HOOK_TOKEN>"),
        "{checked}"
    );
    assert!(!checked.contains(TOKEN) && !checked.contains("sim-hook-secret"));

    feed.put(&[feed.record(&pipeline, id)]).await;
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (20, 0));
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.pushes().failed, 0);
    pipeline.drain().await;
}

#[tokio::test]
async fn deleted_rows_are_made_anew_when_that_is_wanted() {
    let wanted = hearing(20, 612).set_for(Service::Loader, "ON_ROW_REMOVED", "recreate");
    let (mut pipeline, feed, loader) = loaded(wanted).await;
    let ids = pipeline.simulator.company_ids();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    for id in &ids[2..5] {
        pipeline.simulator.delete_rows(Some(&row_of(&pipeline, *id)));
    }
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (20, 0));
    found(&pipeline, loader, "removed", "asked", 3).await;
    let told = trace(&pipeline, ids[2]).await;
    assert!(
        told.contains("deleted by a person") && told.contains("asked for"),
        "{told}"
    );
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// Who wants a person to decide about rows that are gone must not find them made behind their back.
#[tokio::test]
async fn a_deleted_row_stays_a_dead_letter_where_that_is_the_policy() {
    let deadly = hearing(20, 613).set_for(Service::Loader, "ON_MISSING_ROW", "dead-letter");
    let (mut pipeline, feed, loader) = loaded(deadly).await;
    let id = pipeline.simulator.company_ids()[4];
    pipeline.simulator.delete_rows(Some(&row_of(&pipeline, id)));
    found(&pipeline, loader, "removed", "left", 1).await;
    pipeline.simulator.change_one(id, None).unwrap();
    feed.put(&[feed.record(&pipeline, id)]).await;
    pipeline.quiet(LIMIT, 1).await;
    let said = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(said.contains("row-missing"), "{said}");
    assert_eq!(pipeline.simulator.form_rows(), 19);
    pipeline.drain().await;
}

#[tokio::test]
async fn an_edited_row_is_left_until_the_next_record_of_its_customer() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 614)).await;
    let id = pipeline.simulator.company_ids()[5];
    let row = row_of(&pipeline, id);
    pipeline
        .simulator
        .edit_row(&row, &cell(NAME, "a person's"))
        .unwrap();
    found(&pipeline, loader, "edited", "left", 1).await;
    assert_eq!(asked_for(&pipeline).await, 0);
    assert!(trace(&pipeline, id).await.contains("edited by a person"));
    assert!(!pipeline.simulator.judge().await.is_equal());

    feed.put(&[feed.record(&pipeline, id)]).await;
    pipeline.until_equal(LIMIT).await;
    assert_eq!(row_of(&pipeline, id), row);
    pipeline.drain().await;
}

/// Cells, and keys that are cleared, damaged, or those of nobody: each row is put right, none is made.
#[tokio::test]
async fn edited_rows_are_restored_when_that_is_wanted() {
    let wanted = hearing(30, 615).set_for(Service::Loader, "ON_ROW_EDITED", "restore");
    let (mut pipeline, feed, loader) = loaded(wanted).await;
    let ids = pipeline.simulator.company_ids();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let before = keyed(&pipeline);
    let edits = [
        cell(NAME, "a person's"),
        key(""),
        key("作废"),
        key(&format!("{} ", ids[4])),
        key("424242"),
        key(&ids[20].to_string()),
    ];
    for (id, edit) in ids[1..].iter().zip(&edits) {
        pipeline
            .simulator
            .edit_row(&row_of(&pipeline, *id), edit)
            .unwrap();
    }
    eventually(LIMIT, "every row has its key and its cells again", async || {
        let judged = pipeline.simulator.judge().await;
        let now = keyed(&pipeline);
        expect(judged.is_equal() && now == before, || {
            format!("{judged:?} {now:?}")
        })
    })
    .await;
    found(&pipeline, loader, "edited", "asked", 6).await;
    pipeline.quiet(LIMIT, 0).await;
    let listed = pipeline
        .tool(Service::Loader, &["index", "duplicates"])
        .await
        .unwrap();
    assert!(listed.contains("0 extra rows"), "{listed}");
    pipeline.drain().await;
}

#[tokio::test]
async fn widgets_that_nobody_maps_are_a_persons_own() {
    let wanted = hearing(20, 616).set_for(Service::Loader, "ON_ROW_EDITED", "restore");
    let (mut pipeline, _feed, loader) = loaded(wanted).await;
    let id = pipeline.simulator.company_ids()[7];
    let row = row_of(&pipeline, id);
    pipeline.simulator.reset_stats();
    let note = json!({ NOTE: {"value": "called on Monday"} });
    pipeline.simulator.edit_row(&row, &note).unwrap();
    arrived(&pipeline, loader, "update", "unmapped", 1).await;
    assert_eq!(asked_for(&pipeline).await, 0);
    let calls = pipeline.simulator.stats().jdy.total_calls;
    assert_eq!(calls, 0, "nobody had to look");
    pipeline.drain().await;
}

/// As the walk would find it, in every loader: nothing is made beside a row without a key.
#[tokio::test]
async fn a_row_that_a_person_makes_without_a_key_pauses_every_loader() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 617)).await;
    let other = pipeline.run(Service::Loader);
    pipeline[other].ready().await;
    let row = pipeline
        .simulator
        .insert_row(&cell(NAME, "typed by hand"))
        .unwrap();
    for loader in [loader, other] {
        pipeline[loader].pauses_for("rows of the form have no key").await;
    }
    let added = pipeline.simulator.add(2);
    feed.put(&feed.records(&pipeline, &added)).await;
    assert_eq!(pipeline.simulator.form_rows(), 21);

    pipeline.simulator.delete_rows(Some(&row));
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!(judged.duplicates, 0);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_row_that_a_person_makes_with_a_key_is_known_and_never_doubled() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 618)).await;
    let ids = pipeline.simulator.company_ids();
    // A second row of somebody, and the first one of somebody new.
    let twin = pipeline.simulator.insert_row(&key(&ids[2].to_string())).unwrap();
    found(&pipeline, loader, "duplicate", "left", 1).await;
    let listed = pipeline
        .tool(Service::Loader, &["index", "duplicates"])
        .await
        .unwrap();
    assert!(
        listed.contains(&twin) && listed.contains("1 extra rows"),
        "{listed}"
    );
    pipeline.simulator.delete_rows(Some(&twin));
    eventually(LIMIT, "nobody has a second row any more", async || {
        let listed = pipeline
            .tool(Service::Loader, &["index", "duplicates"])
            .await
            .unwrap();
        expect(listed.contains("0 extra rows"), || listed)
    })
    .await;

    let new = pipeline.simulator.add(1)[0];
    let row = pipeline.simulator.insert_row(&key(&new.to_string())).unwrap();
    found(&pipeline, loader, "created", "left", 1).await;
    feed.put(&[feed.record(&pipeline, new)]).await;
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (21, 0));
    assert_eq!(row_of(&pipeline, new), row);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_row_that_a_person_takes_back_is_used_again() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 619)).await;
    let ids = pipeline.simulator.company_ids();
    let [back, late] = [ids[8], ids[9]];
    let [back_row, late_row] = [back, late].map(|id| row_of(&pipeline, id));
    for row in [&back_row, &late_row] {
        pipeline.simulator.delete_rows(Some(row));
    }
    found(&pipeline, loader, "removed", "left", 2).await;
    pipeline.simulator.recover_row(&back_row).unwrap();
    arrived(&pipeline, loader, "recover", "noted", 1).await;
    pipeline.simulator.change_one(back, None).unwrap();
    feed.put(&feed.records(&pipeline, &[back, late])).await;
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (20, 0));
    assert_eq!(row_of(&pipeline, back), back_row, "it was not made again");

    // Too late: there is another one by now, which is told.
    pipeline.simulator.recover_row(&late_row).unwrap();
    eventually(LIMIT, "the second row is told", async || {
        let listed = pipeline
            .tool(Service::Loader, &["index", "duplicates"])
            .await
            .unwrap();
        expect(
            listed.contains(&late_row) && listed.contains("1 extra rows"),
            || listed,
        )
    })
    .await;
    pipeline.drain().await;
}
