//! One of several groups that OKKI shows no more: it is told, the others go on, and nothing that changed meanwhile is lost.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::Sink;

const LIMIT: Duration = Duration::from_secs(150);

async fn kept(pipeline: &PipelineUnderTest) -> String {
    let printed = pipeline
        .tool_output(Service::Extractor, &["status", "--json"])
        .await
        .unwrap();
    let status: Value = serde_json::from_slice(&printed.stdout).unwrap();
    status["damaged"].to_string()
}

#[tokio::test]
async fn a_group_that_was_deleted_is_told_and_the_others_go_on() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(118)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101,102")
        .set_for(Service::Extractor, "LOOK_BACK", "off")
        .set_for(Service::Extractor, "OVERLAP", "2s")
        .start()
        .await;
    let of = |group: &str| -> Vec<i64> {
        let ids = pipeline.simulator.company_ids().into_iter();
        let is_of = |id: &i64| pipeline.simulator.customer(*id).unwrap().group.as_deref() == Some(group);
        ids.filter(is_of).collect()
    };
    let (here, gone) = (of("欧洲区"), of("美洲区"));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    let copies = |id: i64| sink.seen().get(&id.to_string()).map_or(0, |seen| seen.copies);
    eventually(LIMIT, "both groups are loaded", async || {
        let seen = sink.seen().len();
        expect(seen == here.len() + gone.len(), || seen.to_string())
    })
    .await;
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.gone_groups = vec![102]);
    pipeline.simulator.change_one(gone[0], None).unwrap();
    eventually(LIMIT, "it is told", async || {
        let kept = kept(&pipeline).await;
        expect(kept.contains("group 102 shows nobody any more"), || kept)
    })
    .await;
    let before = copies(here[0]);
    pipeline.simulator.change_one(here[0], None).unwrap();
    eventually(LIMIT, "the other group goes on", async || {
        let now = copies(here[0]);
        expect(now > before, || now.to_string())
    })
    .await;
    assert_eq!(copies(gone[0]), 1);

    pipeline
        .simulator
        .set(|settings| settings.okki.listing.gone_groups.clear());
    eventually(LIMIT, "what changed meanwhile is fetched", async || {
        let (now, kept) = (copies(gone[0]), kept(&pipeline).await);
        expect(now > 1 && kept == "[]", || format!("{now} {kept}"))
    })
    .await;
    pipeline.drain().await;
}
