//! What the listing does not show, or not now: a page that one row breaks, later pages without a list, a group or the
//! deleted customers that are refused. Each costs itself, is told, and is listed again; nobody is passed over in silence.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Oddity, Vendor};
use kit::wait::{eventually, expect};
use serde_json::json;

use super::details::seen;
use super::filter_left::{source_document, written};
use super::sink::{Sink, calls, truth};
use crate::ops::notices::{Notices, hook};

const LIMIT: Duration = Duration::from_secs(120);

async fn told(notices: &Notices, words: &str) {
    eventually(LIMIT, "somebody is told", async || {
        let notices = notices.lock().unwrap();
        let told = notices.iter().any(|notice| {
            notice["problem"] == "rows-without-customer" && notice["detail"].to_string().contains(words)
        });
        expect(told, || format!("{notices:?}"))
    })
    .await;
}

/// This change is seen although something is not listed.
async fn arrives(pipeline: &PipelineUnderTest, sink: &Sink, id: i64) {
    let before = sink.seen().get(&id.to_string()).map_or(0, |seen| seen.copies);
    // Of whichever group it is a member, it stays.
    let group = pipeline.simulator.customer(id).unwrap().group;
    let patch = json!({"name": format!("Changed {id} Ltd"), "group": group});
    pipeline.simulator.change_one(id, Some(patch)).unwrap();
    eventually(LIMIT, "a change is seen", async || {
        let seen = sink.seen().get(&id.to_string()).map_or(0, |seen| seen.copies);
        expect(seen > before, || format!("{before}, {seen}"))
    })
    .await;
}

#[tokio::test]
async fn a_row_that_breaks_its_page_costs_its_second() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(241)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let broken = |pipeline: &PipelineUnderTest, id: i64| {
        pipeline.simulator.set(|settings| {
            // A quote that nobody escaped.
            settings.okki.listing.ids.insert(id, format!("{id}\""));
        });
    };
    let whole = |pipeline: &PipelineUnderTest| {
        pipeline
            .simulator
            .set(|settings| settings.okki.listing.ids.clear());
    };
    broken(&pipeline, ids[20]);
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 59).await;
    told(&notices, "damaged or unknown JSON").await;
    // The newest row: on the first page of everything, and with others in its second.
    broken(&pipeline, ids[30]);
    pipeline.simulator.change_one(ids[30], None).unwrap();
    for id in &ids[40..43] {
        arrives(&pipeline, &sink, *id).await;
    }
    pipeline[extractor].ready().await;
    whole(&pipeline);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline.drain().await;
}

/// The total says that there are more.
#[tokio::test]
async fn later_pages_without_a_list_hide_nobody() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(242)
        .set("OKKI_RATE", "1000")
        .simulator(|options| {
            options.settings.okki.count_cap = 25;
            options.settings.okki.per_second = None;
        })
        .start()
        .await;
    // Within a second of an import nothing but page numbers leads to the others; that is told.
    let mut seconds = BTreeMap::<i64, usize>::new();
    for at in truth(&pipeline).await.into_values() {
        *seconds.entry(at).or_default() += 1;
    }
    let beyond_a_page = seconds.into_values().map(|rows| rows.saturating_sub(25));
    let hidden: usize = beyond_a_page.sum();
    let fault = Fault::on(
        Vendor::Okki,
        "list",
        FaultKind::Odd {
            how: Oddity::NullList,
        },
    );
    let fault = pipeline.simulator.fault(fault.containing("start_index=2&"));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "all others are seen", async || {
        let seen = sink.seen().len();
        expect(seen >= 400 - hidden, || format!("{seen} of {}", 400 - hidden))
    })
    .await;
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 400);
    pipeline.drain().await;
}

/// All of one second, to the rest of which nothing but page numbers leads.
#[tokio::test]
async fn a_load_that_lists_far_fewer_than_are_counted_is_told() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(100)
        .seed(243)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .simulator(|options| {
            options.spread_s = 1;
            options.settings.okki.count_cap = 25;
        })
        .start()
        .await;
    for page in 2..9 {
        let without = Fault::on(
            Vendor::Okki,
            "list",
            FaultKind::Odd {
                how: Oddity::NullList,
            },
        );
        pipeline
            .simulator
            .fault(without.containing(&format!("start_index={page}&")));
    }
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 25).await;
    told(&notices, "one second shows 25 of 100 customers").await;
    eventually(LIMIT, "the total is compared", async || {
        let notices = notices.lock().unwrap();
        let told = notices
            .iter()
            .any(|notice| notice["problem"] == "few-listed:first");
        expect(told, || format!("{notices:?}"))
    })
    .await;
    pipeline.simulator.clear_faults(None);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 100);
    pipeline.drain().await;
}

#[tokio::test]
async fn deleted_customers_that_are_refused_keep_nobody_waiting() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(244)
        .set("REMOVALS", "true")
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let refused = FaultKind::Status {
        status: 500,
        commit: false,
    };
    let refused = Fault::on(Vendor::Okki, "list", refused).containing("removed=1");
    let fault = pipeline.simulator.fault(refused);
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    told(&notices, "deleted customers: okki does not answer").await;
    let ids = pipeline.simulator.company_ids();
    let removed = pipeline.simulator.remove(4);
    let kept: Vec<i64> = ids.into_iter().filter(|id| !removed.contains(id)).collect();
    for id in &kept[..3] {
        arrives(&pipeline, &sink, *id).await;
    }
    // Windows go on, so that the removals lie before the checkpoint.
    let lists = calls(&pipeline, "list");
    eventually(LIMIT, "listing goes on", async || {
        let now = calls(&pipeline, "list");
        expect(now >= lists + 20, || format!("{lists}, {now}"))
    })
    .await;
    assert!(pipeline[extractor].is_ready().await);
    pipeline.simulator.clear_faults(Some(fault));
    eventually(LIMIT, "the removals are seen", async || {
        let seen = sink.seen();
        let gone = removed
            .iter()
            .filter(|id| seen.get(&id.to_string()).is_some_and(|seen| seen.removed));
        expect(gone.count() == 4, || format!("{removed:?}"))
    })
    .await;
    pipeline.drain().await;
}

/// Whatever the other group is answered.
async fn keeps_no_other_waiting(seed: u64, answer: FaultKind) {
    let mut document = source_document();
    document["condition"] = json!([]);
    let group = |id: &str| json!({"field": "group_id", "label": "分组", "type": "string", "value": id});
    let request = document["request"].as_array_mut().unwrap();
    request.extend([group("103"), group("101")]);
    let (_folder, source) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(seed)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Extractor, "OKKI_TIMEOUT", "3s")
        .start()
        .await;
    let members = |pipeline: &PipelineUnderTest, name: &str| -> Vec<i64> {
        let ids = pipeline.simulator.company_ids();
        let is_member = |id: &i64| pipeline.simulator.customer(*id).unwrap().group.as_deref() == Some(name);
        ids.into_iter().filter(is_member).collect()
    };
    let (shown, hidden) = (members(&pipeline, "欧洲区"), members(&pipeline, "重点客户/A类"));
    let refused = Fault::on(Vendor::Okki, "list", answer).containing("group_id=103");
    let fault = pipeline.simulator.fault(refused);
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, shown.len()).await;
    for id in &shown[..3] {
        arrives(&pipeline, &sink, *id).await;
    }
    assert!(pipeline[extractor].is_ready().await);
    let seen_of = |sink: &Sink, ids: &[i64]| {
        let seen = sink.seen();
        ids.iter().filter(|id| seen.contains_key(&id.to_string())).count()
    };
    assert_eq!(seen_of(&sink, &hidden), 0);
    // One row of it stays bad, and keeps the group from nothing.
    let (bad, good) = hidden.split_last().unwrap();
    pipeline.simulator.change_one(*bad, None).unwrap();
    pipeline.simulator.set(|settings| {
        settings.okki.listing.ids.insert(*bad, format!("\"X{bad}\""));
    });
    pipeline.simulator.clear_faults(Some(fault));
    eventually(LIMIT, "the other group is loaded", async || {
        let now = seen_of(&sink, good);
        expect(now == good.len(), || format!("{now} of {}", good.len()))
    })
    .await;
    // Twice: the second one cannot have been shown by what was kept.
    for id in &good[..2] {
        arrives(&pipeline, &sink, *id).await;
    }
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ids.clear());
    pipeline.drain().await;
}

/// A row that breaks the page of those who exist says nothing about the deleted ones.
#[tokio::test]
async fn removals_are_seen_beside_a_row_that_breaks_its_page() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(250)
        .set("REMOVALS", "true")
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        settings.okki.listing.ids.insert(ids[3], format!("{}\"", ids[3]));
    });
    pipeline.simulator.change_one(ids[3], None).unwrap();
    for id in &ids[10..12] {
        pipeline.simulator.remove_one(*id).unwrap();
    }
    eventually(LIMIT, "the removals are seen", async || {
        let seen = sink.seen();
        let gone = ids[10..12].iter().filter(|id| seen[&id.to_string()].removed);
        expect(gone.count() == 2, || format!("{seen:?}"))
    })
    .await;
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ids.clear());
    pipeline.drain().await;
}

#[tokio::test]
async fn a_group_that_is_refused_keeps_no_other_waiting() {
    let message = "No Privilege".to_owned();
    let status = Some(403);
    keeps_no_other_waiting(
        245,
        FaultKind::Code {
            code: 403,
            message,
            status,
        },
    )
    .await;
}

#[tokio::test]
async fn a_group_that_is_limited_alone_keeps_no_other_waiting() {
    let (status, after_s, date) = (403, 5, false);
    keeps_no_other_waiting(
        247,
        FaultKind::RetryLater {
            status,
            after_s,
            date,
        },
    )
    .await;
}

#[tokio::test]
async fn a_group_that_hangs_keeps_no_other_waiting() {
    keeps_no_other_waiting(248, FaultKind::Hang { commit: false }).await;
}

/// OKKI, or something in between, does not know the parameter.
#[tokio::test]
async fn nobody_is_removed_because_all_are_listed_as_deleted() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(249)
        .set("REMOVALS", "true")
        .set_for(Service::Extractor, "ALERT_URL", url)
        .simulator(|options| options.settings.okki.listing.ignores_removed = true)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..3] {
        arrives(&pipeline, &sink, *id).await;
    }
    told(&notices, "removed=1 shows customer").await;
    assert!(pipeline[extractor].is_ready().await);
    assert!(
        sink.seen().values().all(|seen| !seen.removed),
        "{:?}",
        sink.seen()
    );
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ignores_removed = false);
    let removed = pipeline.simulator.remove(2);
    eventually(LIMIT, "the removals are seen", async || {
        let seen = sink.seen();
        let gone = removed
            .iter()
            .filter(|id| seen.get(&id.to_string()).is_some_and(|seen| seen.removed));
        expect(gone.count() == 2, || format!("{removed:?}"))
    })
    .await;
    pipeline.drain().await;
}

/// The probe asks for what was refused: another request is answered all the time.
#[tokio::test]
async fn a_refusal_of_windows_alone_stands_until_windows_are_listed() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(246)
        .start()
        .await;
    let no_privilege = FaultKind::Code {
        code: 403,
        message: "No Privilege".into(),
        status: Some(403),
    };
    let refused = Fault::on(Vendor::Okki, "list", no_privilege).containing("start_time");
    let fault = pipeline.simulator.fault(refused);
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("credentials").await;
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}
