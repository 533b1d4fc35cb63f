//! Rows of the listing that name no customer: one costs one and is told, all of them are the listing's fault.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Oddity, Vendor};
use kit::wait::{eventually, expect};

use super::details::seen;
use super::sink::{Sink, calls};
use crate::ops::notices::hook;

const LIMIT: Duration = Duration::from_secs(120);

fn of_the_listing(how: Oddity) -> Fault {
    Fault::on(Vendor::Okki, "list", FaultKind::Odd { how })
}

#[tokio::test]
async fn a_listing_without_any_id_pauses_and_nothing_passes_over_it() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(131)
        .start()
        .await;
    let odd = || of_the_listing(Oddity::IdsAfter("X".to_owned()));
    let fault = pipeline.simulator.fault(odd());
    let extractor = pipeline.run(Service::Extractor);
    let says = "no row names a customer: `company_id` is `X";
    pipeline[extractor].pauses_for(says).await;
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline[extractor].ready().await;

    // A window with one row alone is not passed over either.
    let fault = pipeline.simulator.fault(odd());
    pipeline.simulator.change(1);
    pipeline[extractor].pauses_for(says).await;
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline[extractor].ready().await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_alone_without_an_id_pause_nothing_and_are_told() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(132)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.simulator.set(|settings| {
        for id in &ids[..2] {
            settings.okki.listing.ids.insert(*id, format!("\"X{id}\""));
        }
    });
    // Alone in their window.
    for id in &ids[..2] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    eventually(LIMIT, "somebody is told", async || {
        let notices = notices.lock().unwrap();
        let told = notices.iter().any(|notice| {
            notice["problem"] == "rows-without-customer"
                && notice["detail"].to_string().contains("`company_id` is `X")
        });
        expect(told, || format!("{notices:?}"))
    })
    .await;
    let before = calls(&pipeline, "list");
    eventually(LIMIT, "listing goes on", async || {
        let calls = calls(&pipeline, "list");
        expect(calls > before + 3, || format!("{before}, {calls}"))
    })
    .await;
    pipeline[extractor].ready().await;
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ids.clear());
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.drain().await;
}

#[tokio::test]
async fn ids_in_full_width_digits_are_ids() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(133)
        .start()
        .await;
    let fault = pipeline.simulator.fault(of_the_listing(Oddity::WideIds));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    // The truth is read from the same listing.
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.drain().await;
}

/// Nothing comes behind the last page, as an answer without a list says.
#[tokio::test]
async fn a_later_page_without_a_list_is_the_end() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(134)
        .start()
        .await;
    let later = of_the_listing(Oddity::NullList).containing("start_index=2");
    let fault = pipeline.simulator.fault(later);
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    pipeline[extractor].ready().await;
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.drain().await;
}

/// Windows overlap, so that each bad row is listed in many of them.
#[tokio::test]
async fn bad_rows_of_one_second_are_counted_once_each() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(261)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        for id in &ids[..2] {
            settings.okki.listing.ids.insert(*id, format!("\"X{id}\""));
        }
    });
    // Together, and so of one second or two.
    for id in &ids[..2] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    let counted = async || {
        let counted = pipeline[extractor]
            .metric("okki_extractor_damaged_rows_total")
            .await;
        counted.unwrap_or_default()
    };
    eventually(LIMIT, "both are counted", async || {
        let now = counted().await;
        expect(now >= 2.0, || format!("{now}"))
    })
    .await;
    let lists = calls(&pipeline, "list");
    eventually(LIMIT, "many windows", async || {
        let now = calls(&pipeline, "list");
        expect(now >= lists + 20, || format!("{lists}, {now}"))
    })
    .await;
    assert_eq!(counted().await, 2.0);
    let status = pipeline
        .tool(Service::Extractor, &["status", "--json"])
        .await
        .unwrap();
    for id in &ids[..2] {
        assert!(status.contains(&format!("`X{id}`")), "{status}");
    }
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.ids.clear());
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.drain().await;
}
