//! One answer that shows nobody, or a clock that is behind, ends no window that no other run lists; and a listing that shows
//! nobody any more is told.

use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Oddity, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::Sink;

const LIMIT: Duration = Duration::from_secs(120);

fn fast(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("OKKI_RATE", "1000")
        .simulator(|options| options.settings.okki.per_second = None)
}

fn odd(how: Oddity) -> Fault {
    Fault::on(Vendor::Okki, "list", FaultKind::Odd { how })
}

async fn json(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let printed = pipeline.tool(Service::Extractor, arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Whichever answer of the listing it is: one of the freeze, of a slice, of the count.
#[tokio::test]
async fn one_answer_that_shows_nobody_costs_a_backfill_nobody() {
    for nth in 1..=9 {
        let pipeline = fast(120, 260 + nth)
            .set("OKKI_PAGE_SIZE", "20")
            .set_for(Service::Extractor, "LISTING", "off")
            .start()
            .await;
        pipeline.simulator.fault(odd(Oddity::Nobody).nth(nth));
        let report = json(&pipeline, &["sync", "--since", "2005-01-02", "--json"]).await;
        assert_eq!(report["listed"], 120, "answer {nth}: {report}");
        assert_eq!(report["outcome"]["fetched"], 120, "answer {nth}: {report}");
    }
}

/// The first load asks for everything once, while live windows list others.
#[tokio::test]
async fn a_first_load_whose_first_answers_show_nobody_is_made() {
    let mut pipeline = fast(60, 271)
        .simulator(|options| options.spread_s = 90 * 86_400)
        .start()
        .await;
    // Without a lower bound, which no other call is.
    let unbounded = odd(Oddity::Nobody).containing("count=1&removed=0 ");
    pipeline.simulator.fault(unbounded);
    pipeline.simulator.change(1);
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline.drain().await;
}

#[tokio::test]
async fn one_clock_that_is_behind_cuts_no_backfill_off() {
    for nth in 1..=3 {
        let pipeline = fast(40, 280 + nth)
            .simulator(|options| options.spread_s = 3_600)
            .set_for(Service::Extractor, "LISTING", "off")
            .start()
            .await;
        pipeline.simulator.fault(odd(Oddity::Clock(-86_400)).nth(nth));
        let report = json(&pipeline, &["sync", "--since", "2005-01-02", "--json"]).await;
        assert_eq!(report["listed"], 40, "answer {nth}: {report}");
    }
}

#[tokio::test]
async fn a_listing_that_shows_nobody_any_more_is_told_and_loses_no_change() {
    let mut pipeline = fast(30, 286).start().await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    let fault = pipeline.simulator.fault(odd(Oddity::Nobody));
    let verdict = async |what: &str, is_nobody: bool| {
        eventually(LIMIT, what, async || {
            let printed = pipeline
                .tool(Service::Extractor, &["status", "--json"])
                .await
                .unwrap_or_else(|failed| failed.to_string());
            expect(printed.contains("lists nobody any more") == is_nobody, || printed)
        })
        .await;
    };
    verdict("it is told", true).await;
    let checked = pipeline.tool(Service::Extractor, &["check"]).await;
    assert!(checked.is_err(), "{checked:?}");
    pipeline.simulator.change(1);
    pipeline.simulator.clear_faults(Some(fault));
    verdict("it is over", false).await;
    sink.complete(&pipeline, LIMIT).await;
    pipeline.drain().await;
}
