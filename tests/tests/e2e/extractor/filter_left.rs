//! Customers that leave a filter: their rows are kept, deleted or marked as the policy for removals says, and whoever comes
//! back is there again, in the newest state.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::webhook::{Hooked, TOKEN};

const LIMIT: Duration = Duration::from_secs(120);

/// Three stars and more go on.
fn condition() -> Value {
    json!([[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]])
}

fn written(document: &Value) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let name = file.display().to_string();
    (folder, name)
}

fn source_document() -> Value {
    json!({
        "api": "/v1/company/list", "effect": "QUERY", "method": "GET", "id": "company_id",
        "request": [{"field": "all", "label": "all", "type": "string", "value": "1"}],
        "condition": condition(),
    })
}

/// The row of a customer.
fn row(pipeline: &PipelineUnderTest, id: i64) -> Option<Value> {
    let rows = pipeline.simulator.rows(100_000);
    let id = id.to_string();
    rows.into_iter().find(|row| row[KEY_WIDGET] == id.as_str())
}

/// The name in the row of a customer.
fn name_in_row(pipeline: &PipelineUnderTest, id: i64) -> Option<String> {
    let name = row(pipeline, id)?[&cell_widget(0)].clone();
    name.as_str().map(str::to_owned)
}

async fn books(pipeline: &PipelineUnderTest) -> Value {
    let books = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .unwrap();
    serde_json::from_str(&books).unwrap()
}

/// All of these have rows, and nobody else.
async fn only_these(pipeline: &mut PipelineUnderTest, ids: &[i64]) {
    pipeline.rows(LIMIT, ids.len()).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.form_rows(), ids.len());
}

/// Everybody has five stars but the last one; the ids.
fn give_stars(pipeline: &PipelineUnderTest) -> Vec<i64> {
    let ids = pipeline.simulator.company_ids();
    for (at, id) in ids.iter().enumerate() {
        let stars = if at + 1 == ids.len() { 1 } else { 5 };
        pipeline
            .simulator
            .change_one(*id, Some(json!({"star": stars})))
            .unwrap();
    }
    ids
}

/// One leaves, its row is deleted, and it comes back as it is then.
async fn leaves_and_comes_back(pipeline: &mut PipelineUnderTest, id: i64) {
    pipeline
        .simulator
        .change_one(id, Some(json!({"star": 1})))
        .unwrap();
    eventually(LIMIT, "the row of who has left is deleted", async || {
        expect(row(pipeline, id).is_none(), || "it is still there".to_owned())
    })
    .await;
    eventually(LIMIT, "the account says so", async || {
        let books = books(pipeline).await;
        let total = &books["total"];
        expect(total["filtered_removed"] == 1, || books.to_string())
    })
    .await;
    pipeline
        .simulator
        .change_one(id, Some(json!({"star": 4, "name": "Back Again Ltd"})))
        .unwrap();
    eventually(LIMIT, "it is back", async || {
        let name = name_in_row(pipeline, id);
        expect(name.as_deref() == Some("Back Again Ltd"), || format!("{name:?}"))
    })
    .await;
}

/// Leaving and coming back within a moment, again and again, ends as the last one says.
async fn hesitates(pipeline: &mut PipelineUnderTest, ids: &[i64]) {
    for round in 0..4 {
        for id in ids {
            for stars in [1, 5] {
                let patch = json!({"star": stars, "name": format!("{id} in round {round}")});
                pipeline.simulator.change_one(*id, Some(patch)).unwrap();
            }
        }
    }
    eventually(LIMIT, "the newest states are shown", async || {
        let stale = ids.iter().find(|id| {
            let newest = format!("{id} in round 3");
            name_in_row(pipeline, **id) != Some(newest)
        });
        expect(stale.is_none(), || format!("{stale:?}"))
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_condition_of_the_mapping_loses_the_row_and_gets_it_back() {
    let (_folder, extras) = written(&json!({"condition": condition()}));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(111)
        .set_for(Service::Transformer, "MAPPING_EXTRAS", extras)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    pipeline.run_all();
    // Nobody is told of the one that never had a row.
    only_these(&mut pipeline, &ids[..19]).await;
    assert_eq!(books(&pipeline).await["total"]["filtered_removed"], 0);
    leaves_and_comes_back(&mut pipeline, ids[3]).await;
    pipeline.run(Service::Transformer);
    pipeline.run(Service::Loader);
    hesitates(&mut pipeline, &ids[4..9]).await;
    only_these(&mut pipeline, &ids[..19]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn who_leaves_the_condition_of_the_source_loses_the_row_and_gets_it_back() {
    let (_folder, source) = written(&source_document());
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(112)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    pipeline.run_all();
    only_these(&mut pipeline, &ids[..19]).await;
    leaves_and_comes_back(&mut pipeline, ids[3]).await;
    pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    hesitates(&mut pipeline, &ids[4..9]).await;
    only_these(&mut pipeline, &ids[..19]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_are_kept_by_default_or_marked_and_both_are_counted() {
    let (_folder, extras) = written(&json!({"condition": condition()}));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(113)
        .simulator(|options| {
            let mark = kit::simulator::WidgetSpec::new("_widget_mark", "已删除", "text");
            options.forms = vec![kit::simulator::FormSpec::customers().with(mark)];
        })
        .set_for(Service::Transformer, "MAPPING_EXTRAS", extras)
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let ids = give_stars(&pipeline);
    let [_, _, loader] = pipeline.run_all();
    only_these(&mut pipeline, &ids[..9]).await;
    let leave = json!({"star": 1, "name": "Left Ltd"});
    pipeline
        .simulator
        .change_one(ids[0], Some(leave.clone()))
        .unwrap();
    eventually(LIMIT, "a kept row is counted", async || {
        let books = books(&pipeline).await;
        expect(books["total"]["filtered_kept"] == 1, || books.to_string())
    })
    .await;
    let (_, metrics) = pipeline[loader].get("/metrics").await.unwrap();
    assert!(metrics.contains(r#"reason="left-filter-kept""#), "{metrics}");
    let kept = name_in_row(&pipeline, ids[0]);
    assert!(kept.is_some() && kept.as_deref() != Some("Left Ltd"), "{kept:?}");
    // A row that is kept on purpose is not behind.
    let compared = pipeline.tool(Service::Loader, &["reconcile"]).await;
    assert!(compared.is_ok(), "{:#}", compared.unwrap_err());

    pipeline[loader].kill9();
    pipeline.set_for(Service::Loader, "ON_REMOVAL", "mark:_widget_mark=left");
    pipeline.run(Service::Loader);
    pipeline.simulator.change_one(ids[1], Some(leave)).unwrap();
    eventually(LIMIT, "the row is marked", async || {
        let row = row(&pipeline, ids[1]);
        let mark = row.as_ref().map(|row| row["_widget_mark"].clone());
        expect(mark == Some(json!("left")), || format!("{mark:?}"))
    })
    .await;
    eventually(LIMIT, "a marked row is counted", async || {
        let books = books(&pipeline).await;
        expect(books["total"]["filtered_marked"] == 1, || books.to_string())
    })
    .await;
    let said = pipeline.tool(Service::Loader, &["books"]).await.unwrap();
    assert!(
        said.contains("rows of filtered customers: 1 kept, 1 marked"),
        "{said}"
    );
    pipeline.drain().await;
}

/// A condition of the source document that was changed concerns those that are loaded, too: their details are fetched.
#[tokio::test]
async fn a_stricter_condition_is_applied_to_everybody() {
    let (_folder, source) = written(&source_document());
    let mut document = source_document();
    document["condition"][0][0]["value"] = json!("5");
    let (_other, stricter) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(114)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    for id in &ids[..6] {
        pipeline
            .simulator
            .change_one(*id, Some(json!({"star": 4})))
            .unwrap();
    }
    let [extractor, ..] = pipeline.run_all();
    only_these(&mut pipeline, &ids[..19]).await;
    eventually(LIMIT, "the first load has ended", async || {
        let status = pipeline
            .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
            .await
            .unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        let runs = status["finished"].as_array().cloned().unwrap_or_default();
        expect(runs.iter().any(|run| run["job"] == "first"), || {
            status.to_string()
        })
    })
    .await;
    pipeline[extractor].kill9();
    pipeline.set_for(Service::Extractor, "SOURCE", stricter);
    pipeline.set_for(Service::Extractor, "BACKFILL_ON_CHANGE", "true");
    pipeline.run(Service::Extractor);
    eventually(LIMIT, "who has four stars is gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 13, || format!("{rows} rows"))
    })
    .await;
    pipeline.drain().await;
}

/// Nobody lists a customer that has left the group; once it is asked for by its id, its detail says so.
#[tokio::test]
async fn a_detail_that_shows_another_group_is_a_leaving() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(115)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let group = |pipeline: &PipelineUnderTest, id: i64| pipeline.simulator.customer(id).unwrap().group;
    let ids = pipeline.simulator.company_ids();
    let members = ids
        .into_iter()
        .filter(|id| group(&pipeline, *id).as_deref() == Some("欧洲区"));
    let members: Vec<i64> = members.collect();
    pipeline.run_all();
    only_these(&mut pipeline, &members).await;
    let elsewhere = json!({"group": "美洲区"});
    let left = members[0];
    pipeline.simulator.change_one(left, Some(elsewhere)).unwrap();
    pipeline.quiet(LIMIT, 0).await;
    // A person has changed its row and another one, so both customers are asked for.
    for id in [left, members[1]] {
        let row = row(&pipeline, id).unwrap()["_id"].as_str().unwrap().to_owned();
        let edited = json!({cell_widget(1): {"value": "edited"}});
        pipeline.simulator.edit_row(&row, &edited).unwrap();
    }
    pipeline
        .tool(Service::Loader, &["reconcile", "--fix"])
        .await
        .unwrap();
    eventually(LIMIT, "the row of who has left is gone", async || {
        expect(row(&pipeline, left).is_none(), || "it is there".to_owned())
    })
    .await;
    eventually(LIMIT, "the other one is mended", async || {
        let short_name = row(&pipeline, members[1]).map(|row| row[&cell_widget(1)].clone());
        expect(
            short_name.as_ref().is_some_and(|name| *name != json!("edited")),
            || format!("{short_name:?}"),
        )
    })
    .await;
    only_these(&mut pipeline, &members[1..]).await;
    pipeline.drain().await;
}

/// Private customers only: one becomes public, and its detail shows no followers any more. The listing comes once an hour.
#[tokio::test]
async fn an_event_of_who_has_left_the_private_sea_is_a_leaving() {
    let mut document = source_document();
    document["condition"] = json!([]);
    document["request"][0]["value"] = json!("0");
    let (_folder, source) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(117)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "POLL", "off")
        .set_for(Service::Extractor, "HOOK_LISTEN", "127.0.0.1:0")
        .set_for(Service::Extractor, "HOOK_TOKEN", TOKEN)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let is_private = |pipeline: &PipelineUnderTest, id: i64| pipeline.simulator.customer(id).unwrap().private;
    let (private, public): (Vec<i64>, Vec<i64>) = pipeline
        .simulator
        .company_ids()
        .into_iter()
        .partition(|id| is_private(&pipeline, *id));
    assert!(!private.is_empty() && !public.is_empty());
    let [extractor, ..] = pipeline.run_all();
    only_these(&mut pipeline, &private).await;
    let mut hooked = Hooked::of(pipeline, extractor).await;
    let (left, stays) = (private[0], private[1]);
    let simulator = &hooked.pipeline.simulator;
    simulator
        .change_one(left, Some(json!({"private": false})))
        .unwrap();
    simulator
        .change_one(stays, Some(json!({"name": "Still Private Ltd"})))
        .unwrap();
    simulator.change_one(public[0], None).unwrap();
    let events = json!([{"company_id": left}, {"company_id": stays}, {"company_id": public[0]}]);
    assert_eq!(hooked.post(&hooked.url, &events).await.status(), 200);
    only_these(&mut hooked.pipeline, &private[1..]).await;
    assert_eq!(row(&hooked.pipeline, left), None);
    let name = name_in_row(&hooked.pipeline, stays);
    assert_eq!(name.as_deref(), Some("Still Private Ltd"));
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn several_groups_are_loaded_and_no_other() {
    let mut document = source_document();
    document["condition"] = json!([]);
    let group = |id: &str| json!({"field": "group_id", "label": "分组", "type": "string", "value": id});
    let request = document["request"].as_array_mut().unwrap();
    request.push(group("103"));
    request.push(group("101"));
    let (_folder, source) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(116)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Extractor, "OKKI_PAGE_SIZE", "20")
        .start()
        .await;
    let members = |pipeline: &PipelineUnderTest| -> Vec<i64> {
        let ids = pipeline.simulator.company_ids();
        let is_member = |id: &i64| {
            let group = pipeline.simulator.customer(*id).unwrap().group;
            matches!(group.as_deref(), Some("欧洲区" | "重点客户/A类"))
        };
        ids.into_iter().filter(is_member).collect()
    };
    pipeline.run_all();
    let before = members(&pipeline);
    assert!(before.len() > 30 && before.len() < 190, "{}", before.len());
    only_these(&mut pipeline, &before).await;
    // Changes of both, by live windows, and one that moves from one to the other.
    let member_of = |pipeline: &PipelineUnderTest, name: &str| {
        let mut of_it = before.iter().filter(|id| {
            let group = pipeline.simulator.customer(**id).unwrap().group;
            group.as_deref() == Some(name)
        });
        *of_it.next().unwrap()
    };
    let (europe, key) = (
        member_of(&pipeline, "欧洲区"),
        member_of(&pipeline, "重点客户/A类"),
    );
    let moved = json!({"name": "Moved Ltd", "group": "重点客户/A类"});
    pipeline.simulator.change_one(europe, Some(moved)).unwrap();
    pipeline
        .simulator
        .change_one(key, Some(json!({"name": "Changed Ltd"})))
        .unwrap();
    eventually(LIMIT, "both changes are shown", async || {
        let names = [europe, key].map(|id| name_in_row(&pipeline, id));
        let wanted = [Some("Moved Ltd".to_owned()), Some("Changed Ltd".to_owned())];
        expect(names == wanted, || format!("{names:?}"))
    })
    .await;
    assert_eq!(members(&pipeline).len(), before.len());
    only_these(&mut pipeline, &before).await;
    pipeline.drain().await;
}

/// The listing comes once an hour here.
#[tokio::test]
async fn an_event_of_who_has_left_the_group_is_a_leaving() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(116)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "POLL", "off")
        .set_for(Service::Extractor, "HOOK_LISTEN", "127.0.0.1:0")
        .set_for(Service::Extractor, "HOOK_TOKEN", TOKEN)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let group = |pipeline: &PipelineUnderTest, id: i64| pipeline.simulator.customer(id).unwrap().group;
    let (members, others): (Vec<i64>, Vec<i64>) = pipeline
        .simulator
        .company_ids()
        .into_iter()
        .partition(|id| group(&pipeline, *id).as_deref() == Some("欧洲区"));
    let extractor = pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    pipeline.run(Service::Loader);
    only_these(&mut pipeline, &members).await;
    let mut hooked = Hooked::of(pipeline, extractor).await;
    let left = members[0];
    let elsewhere = json!({"group": "美洲区"});
    hooked
        .pipeline
        .simulator
        .change_one(left, Some(elsewhere))
        .unwrap();
    hooked.pipeline.simulator.change_one(others[0], None).unwrap();
    // Nobody has listed the second one, and no row of it may come from an event.
    let events = json!([{"company_id": left}, {"company_id": others[0]}]);
    assert_eq!(hooked.post(&hooked.url, &events).await.status(), 200);
    only_these(&mut hooked.pipeline, &members[1..]).await;
    assert_eq!(row(&hooked.pipeline, left), None);
    hooked.pipeline.drain().await;
}
