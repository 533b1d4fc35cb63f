//! Times in other forms than the documented one order customers all the same, and what nobody can read is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, TimeForm, Vendor};
use kit::wait::{eventually, expect};

use super::details::seen;
use super::sink::{Sink, calls};

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn every_usual_form_is_read_in_listing_detail_and_envelope() {
    use TimeForm::{Millis, MillisText, Offset, Plain, Seconds, SecondsText, Slashes, Utc};
    let forms = [
        (Offset, Offset, Offset),
        (Plain, Millis, Plain),
        (Offset, Plain, Millis),
        (Millis, Seconds, Seconds),
        (Seconds, SecondsText, Utc),
        (MillisText, Utc, Plain),
        (Utc, Slashes, MillisText),
        (Slashes, MillisText, Slashes),
    ];
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(171)
        .simulator(|options| {
            options.spread_s = 60;
            (options.settings.okki.list_time, options.settings.okki.detail_time) = (Millis, Offset);
        })
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    let mut most: BTreeMap<String, usize> = sink.seen().into_keys().map(|id| (id, 1)).collect();
    for (list, detail, now) in forms {
        pipeline.simulator.set(|settings| {
            settings.okki.list_time = list;
            settings.okki.detail_time = detail;
            settings.okki.now_time = now;
        });
        let changed = pipeline.simulator.change(3);
        for id in changed {
            *most.get_mut(&id.to_string()).unwrap() += 1;
        }
        assert_eq!(sink.complete(&pipeline, LIMIT).await, 20, "{list:?} {detail:?}");
        let lists = calls(&pipeline, "list");
        eventually(LIMIT, "two more windows", async || {
            let now = calls(&pipeline, "list");
            expect(now >= lists + 4, || format!("{now} after {lists}"))
        })
        .await;
    }
    // The overlap lists them again and again, and none was fetched for that.
    let seen = sink.seen();
    let again: Vec<_> = seen.iter().filter(|(id, seen)| seen.copies > most[*id]).collect();
    assert!(again.is_empty(), "{again:?}");
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_whose_time_nobody_can_read_dies_with_the_text() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(172)
        .start()
        .await;
    let odd = pipeline.simulator.company_ids()[3].to_string();
    let time = FaultKind::Member {
        name: "update_time".into(),
        value: "28. Nov 2026, 4h59".into(),
    };
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Okki, "info", time).containing(&odd));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 19).await;
    pipeline.quiet(LIMIT, 1).await;
    let dead = pipeline
        .tool(Service::Extractor, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(
        dead.contains(&odd) && dead.contains("28. Nov 2026, 4h59"),
        "{dead}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_listing_whose_times_nobody_can_read_is_an_error_with_the_text_and_costs_no_version() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(173)
        .simulator(|options| options.settings.okki.list_time = TimeForm::Odd)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    let log = pipeline[extractor].log();
    let said =
        |line: &&str| line.contains(r#""level":"ERROR""#) && line.contains("202") && line.contains("time");
    assert!(log.lines().any(|line| said(&line)), "{log}");
    pipeline.drain().await;
}

/// Each window of the overlap lists them again, and nobody can say whether in a newer state.
#[tokio::test]
async fn customers_without_a_listed_time_are_fetched_with_growing_rests() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(175)
        .simulator(|options| {
            options.spread_s = 60;
            options.settings.okki.list_time = TimeForm::Odd;
        })
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    let (lists, details) = (calls(&pipeline, "list"), calls(&pipeline, "info"));
    eventually(LIMIT * 3, "more windows", async || {
        let now = calls(&pipeline, "list");
        expect(now >= lists + 40, || format!("{now} after {lists}"))
    })
    .await;
    // Two calls of the listing for a window, 20 details for each without rests.
    let again = calls(&pipeline, "info") - details;
    let windows = (calls(&pipeline, "list") - lists) / 2;
    assert!(again * 2 <= windows * 20, "{again} details in {windows} windows");
    // What changes meanwhile is not lost.
    pipeline.simulator.change(2);
    assert_eq!(sink.complete(&pipeline, LIMIT * 3).await, 20);
    pipeline.quiet(LIMIT * 2, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn details_whose_times_nobody_can_read_pause_with_the_text() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(174)
        .simulator(|options| {
            options.settings.okki.list_time = TimeForm::Odd;
            options.settings.okki.detail_time = TimeForm::Odd;
        })
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    pipeline[extractor].pauses_for("cannot be read").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    assert!(sink.seen().is_empty());
    pipeline
        .simulator
        .set(|settings| settings.okki.detail_time = TimeForm::Plain);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_clock_of_okki_that_nobody_can_read_is_none() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(264)
        .simulator(|options| options.settings.okki.now_time = TimeForm::Odd)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.simulator.change(5);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}
