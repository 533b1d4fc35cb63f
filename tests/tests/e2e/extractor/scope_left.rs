//! Customers that leave the group or the sea that is listed: no listing tells of it, but their detail does.

use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Customer, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::filter_left::{name_in_row, only_these, row, source_document, written};
use super::webhook::{Hooked, TOKEN};

const LIMIT: Duration = Duration::from_secs(120);

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

/// Without a person, and without anybody who asks for the customer.
#[tokio::test]
async fn who_has_left_a_group_is_found_at_the_times_of_reconcile() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(117)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .set_for(Service::Extractor, "RECONCILE_CRON", "*/5 * * * * *")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let is_member = |id: &i64| {
        let group = pipeline.simulator.customer(*id).unwrap().group;
        group.as_deref() == Some("欧洲区")
    };
    let members: Vec<i64> = ids.into_iter().filter(is_member).collect();
    pipeline.run_all();
    pipeline.run(Service::Extractor);
    only_these(&mut pipeline, &members).await;
    let elsewhere = json!({"group": "美洲区"});
    pipeline
        .simulator
        .change_one(members[0], Some(elsewhere))
        .unwrap();
    eventually(LIMIT, "the row of who has left is gone", async || {
        expect(row(&pipeline, members[0]).is_none(), || "it is there".to_owned())
    })
    .await;
    only_these(&mut pipeline, &members[1..]).await;
    pipeline.drain().await;
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

/// A listing once an hour, so that only events tell of a change.
fn by_events(builder: Builder) -> Builder {
    builder
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "POLL", "off")
        .set_for(Service::Extractor, "HOOK_LISTEN", "127.0.0.1:0")
        .set_for(Service::Extractor, "HOOK_TOKEN", TOKEN)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
}

/// Those within the filter are loaded; then come events of one that leaves by this change, of one that stays, and of one
/// that nobody has listed, for whom there may be no row.
async fn an_event_is_a_leaving(builder: Builder, is_within: fn(&Customer) -> bool, leave: Value) {
    let mut pipeline = by_events(builder).start().await;
    let (within, others): (Vec<i64>, Vec<i64>) = pipeline
        .simulator
        .company_ids()
        .into_iter()
        .partition(|id| is_within(&pipeline.simulator.customer(*id).unwrap()));
    assert!(within.len() > 1 && !others.is_empty());
    let [extractor, ..] = pipeline.run_all();
    only_these(&mut pipeline, &within).await;
    let mut hooked = Hooked::of(pipeline, extractor).await;
    let (left, stays) = (within[0], within[1]);
    let renamed = json!({"name": "Still Here Ltd"});
    for (id, change) in [(left, Some(leave)), (stays, Some(renamed)), (others[0], None)] {
        hooked.pipeline.simulator.change_one(id, change).unwrap();
    }
    let events = json!([{"company_id": left}, {"company_id": stays}, {"company_id": others[0]}]);
    assert_eq!(hooked.post(&hooked.url, &events).await.status(), 200);
    only_these(&mut hooked.pipeline, &within[1..]).await;
    assert_eq!(row(&hooked.pipeline, left), None);
    let name = name_in_row(&hooked.pipeline, stays);
    assert_eq!(name.as_deref(), Some("Still Here Ltd"));
    hooked.pipeline.drain().await;
}

/// Private customers only: one becomes public, and its detail shows no followers any more.
#[tokio::test]
async fn an_event_of_who_has_left_the_private_sea_is_a_leaving() {
    let mut document = source_document();
    document["condition"] = json!([]);
    document["request"][0]["value"] = json!("0");
    let (_folder, source) = written(&document);
    let builder = PipelineUnderTest::for_test().customers(40).seed(117);
    let builder = builder.set_for(Service::Extractor, "SOURCE", source);
    an_event_is_a_leaving(builder, |customer| customer.private, json!({"private": false})).await;
}

#[tokio::test]
async fn an_event_of_who_has_left_the_group_is_a_leaving() {
    let builder = PipelineUnderTest::for_test().customers(80).seed(116);
    let builder = builder.set_for(Service::Extractor, "OKKI_GROUP_ID", "101");
    let is_within = |customer: &Customer| customer.group.as_deref() == Some("欧洲区");
    an_event_is_a_leaving(builder, is_within, json!({"group": "美洲区"})).await;
}
