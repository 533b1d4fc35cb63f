//! Who has gone, and who only seems to have: OKKI lists customers as deleted who exist, is behind, refuses one of them, and
//! brings some back with an update time of before.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::json;

use super::reconcile::reconcile;
use super::sink::Sink;
use super::webhook::Hooked;
use crate::ops::notices::hook;

const LIMIT: Duration = Duration::from_secs(120);

/// The form has exactly so many rows.
async fn rows_are(pipeline: &PipelineUnderTest, rows: usize) {
    eventually(LIMIT, &format!("{rows} rows"), async || {
        let seen = pipeline.simulator.form_rows();
        expect(seen == rows, || format!("{seen}"))
    })
    .await;
}

/// OKKI does not show the detail of this customer.
fn without_privilege(pipeline: &PipelineUnderTest, id: i64) {
    let kind = FaultKind::Code {
        code: 404,
        message: "No Privilege".to_owned(),
        status: None,
    };
    let fault = Fault::on(Vendor::Okki, "info", kind).containing(&id.to_string());
    pipeline.simulator.fault(fault);
}

/// `removed=1` lists everybody, and the listing of those who exist is behind for a part of them.
#[tokio::test]
async fn nobody_is_removed_by_a_comparison_when_removed_is_ignored_and_the_listing_is_behind() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(401)
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(LIMIT, 60).await;
    pipeline.quiet(LIMIT, 0).await;
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        settings.okki.listing.ignores_removed = true;
        settings.okki.listing.hidden = ids[..24].to_vec();
    });
    let (report, _) = reconcile(&pipeline, &[]).await;
    assert_eq!(report["unlisted"]["count"], 24, "{report}");
    let (report, _) = reconcile(&pipeline, &["--fix"]).await;
    assert_eq!(report["deleted"]["count"], 0, "{report}");
    assert_eq!(report["disbelieved"], true, "{report}");
    // Who is fetched again at the moment is on the way, and not looked for.
    pipeline.quiet(LIMIT, 0).await;
    // Two of them are not shown either, and OKKI has never said that they are deleted.
    without_privilege(&pipeline, ids[0]);
    without_privilege(&pipeline, ids[1]);
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert_eq!(report["not_shown"]["count"], 2, "{report}");
    assert!(!is_good, "{report}");
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.form_rows(), 60);
    pipeline.drain().await;
}

/// The second lies on several pages, and the detail is not shown either.
#[tokio::test]
async fn who_is_in_both_listings_is_not_removed_on_whatever_page_he_is() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(50)
        .seed(402)
        .set("OKKI_PAGE_SIZE", "20")
        .set("REMOVALS", "true")
        .set_for(Service::Extractor, "ALERT_URL", url)
        .simulator(|options| options.spread_s = 1)
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 50);
    let id = pipeline.simulator.company_ids()[0];
    without_privilege(&pipeline, id);
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.also_removed = vec![id]);
    eventually(LIMIT, "people are told", async || {
        let told = notices.lock().unwrap().iter().any(|notice| {
            let notice = notice.to_string();
            notice.contains("removed=1 shows customer")
        });
        let removed = sink.seen()[&id.to_string()].removed;
        assert!(!removed, "it is removed");
        expect(told, || "nobody was told".to_owned())
    })
    .await;
    pipeline.drain().await;
}

/// One customer in both listings is told, and the others are removed all the same.
#[tokio::test]
async fn one_who_is_in_both_listings_does_not_keep_the_removals_of_others() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(408)
        .set("REMOVALS", "true")
        .set_for(Service::Extractor, "ALERT_URL", url)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let ids = pipeline.simulator.company_ids();
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.also_removed = vec![ids[3]]);
    pipeline.simulator.change_one(ids[3], None).unwrap();
    for id in &ids[10..15] {
        pipeline.simulator.remove_one(*id).unwrap();
    }
    eventually(
        LIMIT,
        "five are removed, and of one people are told",
        async || {
            let rows = pipeline.simulator.form_rows();
            assert!(rows >= 25, "{rows}");
            let notices = notices.lock().unwrap();
            let is_told = |notice: &serde_json::Value| {
                let notice = notice.to_string();
                notice.contains("removed=1 shows customer") && notice.contains(&ids[3].to_string())
            };
            let told = notices.iter().any(is_told);
            expect(rows == 25 && told, || format!("{rows} rows, told: {told}"))
        },
    )
    .await;
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

/// Listed as deleted alone, because the listing of those who exist is behind: the detail is shown.
#[tokio::test]
async fn who_is_shown_is_not_removed_however_he_is_listed() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(403)
        .set("REMOVALS", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let [extractor, ..] = pipeline.run_all();
    pipeline.rows(LIMIT, 20).await;
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        settings.okki.listing.also_removed = vec![ids[3]];
        settings.okki.listing.hidden = vec![ids[3]];
    });
    pipeline.simulator.change_one(ids[3], None).unwrap();
    pipeline.simulator.remove_one(ids[4]).unwrap();
    eventually(
        LIMIT,
        "the other one is removed, and of this one it is said",
        async || {
            let rows = pipeline.simulator.form_rows();
            assert!(rows >= 19, "{rows}");
            let is_said = pipeline[extractor].log().contains("its row stays");
            expect(rows == 19 && is_said, || format!("{rows} {is_said}"))
        },
    )
    .await;
    pipeline
        .simulator
        .set(|settings| settings.okki.listing = kit::simulator::ListingSettings::default());
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

/// Anybody may post an event.
#[tokio::test]
async fn an_event_about_somebody_who_exists_and_is_not_shown_removes_nobody() {
    let mut hooked = Hooked::start(10, 404, true, &[("REMOVALS", "true")]).await;
    let id = hooked.pipeline.simulator.company_ids()[4];
    let event = json!({"event": "xiaoman.crm.company.delete", "data": {"company_id": id}});
    hooked.pipeline.simulator.change_one(id, None).unwrap();
    hooked.post(&hooked.url, &event).await;
    hooked.pipeline.until_equal(LIMIT).await;
    without_privilege(&hooked.pipeline, id);
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.listing.also_removed = vec![id]);
    eventually(LIMIT, "the detail is refused", async || {
        hooked.post(&hooked.url, &event).await;
        let fired = hooked.pipeline.simulator.faults()[0].fired;
        expect(fired > 0, || format!("{fired}"))
    })
    .await;
    hooked.settle().await;
    assert_eq!(hooked.pipeline.simulator.form_rows(), 10);
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn who_comes_back_with_an_update_time_of_before_has_a_row_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(405)
        .set("REMOVALS", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .simulator(|options| options.settings.okki.listing.removed_without_time = true)
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(LIMIT, 20).await;
    let ids = pipeline.simulator.company_ids();
    let before = jiff::Timestamp::now().as_second() - 40 * 86_400;
    for (id, back) in [(ids[5], "reconcile"), (ids[6], "sync")] {
        pipeline.simulator.remove_one(id).unwrap();
        rows_are(&pipeline, 19).await;
        pipeline.quiet(LIMIT, 0).await;
        pipeline.simulator.restore_at(id, before).unwrap();
        let id = id.to_string();
        match back {
            "sync" => drop(
                pipeline
                    .tool(Service::Extractor, &["sync", "--id", &id])
                    .await
                    .unwrap(),
            ),
            _ => assert_eq!(reconcile(&pipeline, &["--fix"]).await.0["missing"]["count"], 1),
        }
        rows_are(&pipeline, 20).await;
        pipeline.quiet(LIMIT, 0).await;
        // Nothing is left to be done, and what is really deleted later is seen.
        let (report, is_good) = reconcile(&pipeline, &[]).await;
        assert!(is_good && report["current"] == 20, "{report}");
    }
    pipeline.simulator.remove_one(ids[5]).unwrap();
    rows_are(&pipeline, 19).await;
    pipeline.drain().await;
}

/// One detail that is refused each time keeps no comparison from going on with the others.
#[tokio::test]
async fn one_detail_that_fails_stops_no_comparison() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(406)
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    pipeline.run_all();
    let is_member = |id: &i64| pipeline.simulator.customer(*id).unwrap().group.as_deref() == Some("欧洲区");
    let mut members = pipeline.simulator.company_ids();
    members.retain(is_member);
    pipeline.rows(LIMIT, members.len()).await;
    pipeline.quiet(LIMIT, 0).await;
    for id in &members[..3] {
        let elsewhere = json!({"group": "美洲区"});
        pipeline.simulator.change_one(*id, Some(elsewhere)).unwrap();
    }
    let kind = FaultKind::Status {
        status: 500,
        commit: false,
    };
    let fault = Fault::on(Vendor::Okki, "info", kind).containing(&members[0].to_string());
    pipeline.simulator.fault(fault);
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(!is_good, "{report}");
    assert_eq!(report["failed"]["count"], 1, "{report}");
    assert_eq!(
        report["failed"]["examples"],
        json!([members[0].to_string()]),
        "{report}"
    );
    rows_are(&pipeline, members.len() - 2).await;
    pipeline.drain().await;
}

/// It would be a row outside of every window.
#[tokio::test]
async fn a_listed_time_far_ahead_costs_nobody_anything() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(45)
        .seed(407)
        .set("OKKI_PAGE_SIZE", "20")
        .simulator(|options| options.spread_s = 1)
        .start()
        .await;
    let id = pipeline.simulator.company_ids()[30];
    pipeline.simulator.set(|settings| {
        let times = &mut settings.okki.listing.times;
        times.insert(id, r#""2030-01-01 00:00:00""#.to_owned());
    });
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "everybody is seen", async || {
        let seen = sink.seen();
        expect(seen.len() == 45 && seen.contains_key(&id.to_string()), || {
            format!("{}", seen.len())
        })
    })
    .await;
    assert!(pipeline[extractor].log().contains("lies in the future"));
    pipeline.drain().await;
}
