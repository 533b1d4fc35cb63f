//! I2, I3 and I7 at size: thousands of rows, so that every path is taken many times at once.

use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Poison, Vendor};
use kit::wait::{eventually, expect};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);

/// Neither side counts calls: these tests are about rows.
fn without_quotas(builder: Builder) -> Builder {
    let rates = [
        "JDY_RATE_COMPANY",
        "JDY_RATE_BATCH_CREATE",
        "JDY_RATE_WRITE",
        "JDY_RATE_READ",
    ];
    let builder = builder.simulator(|options| {
        let jdy = &mut options.settings.jdy;
        jdy.limits.clear();
        (jdy.company_per_second, jdy.concurrency) = (None, None);
    });
    rates.iter().fold(builder, |builder, rate| {
        builder.set_for(Service::Loader, rate, "2000")
    })
}

#[tokio::test]
async fn ten_thousand_rows_with_every_tenth_answer_lost() {
    let builder = PipelineUnderTest::for_test().customers(10_000).seed(91);
    let mut pipeline = without_quotas(builder)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("BATCH_SIZE", "50")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let lost = [
        FaultKind::Hang { commit: true },
        FaultKind::Status {
            status: 502,
            commit: true,
        },
        FaultKind::Reset { commit: true },
    ];
    for (seed, kind) in (1..).zip(lost) {
        let fault = Fault::on(Vendor::Jdy, "batch_create", kind);
        pipeline.simulator.fault(fault.probability(0.035, seed));
    }
    feed.put_all(&pipeline).await;
    pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 10_000).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(
        (report.form_rows, report.duplicates, report.missing),
        (10_000, 0, 0)
    );
    let fired: u64 = pipeline.simulator.faults().iter().map(|fault| fault.fired).sum();
    assert!(fired >= 12, "a tenth of 200 calls, not {fired}");
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_hundred_bad_rows_among_ten_thousand_cost_a_hundred_letters() {
    let builder = PipelineUnderTest::for_test().customers(10_000).seed(92);
    let mut pipeline = without_quotas(builder)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| {
            let marker = "POISON".to_owned();
            options.settings.jdy.poison = vec![Poison { marker, code: 3005 }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let mut records = feed.records(&pipeline, &pipeline.simulator.company_ids());
    for record in records.iter_mut().step_by(100) {
        if let Some(field) = record.fields.first_mut() {
            field.value = Some(proto::v1::field_value::Value::Text("a POISON row".into()));
        }
    }
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 9_900).await;
    pipeline.quiet(LIMIT, 100).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!(
        (report.form_rows, report.missing, report.duplicates, report.stale),
        (9_900, 100, 0, 0)
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn four_loaders_on_interleaved_versions_never_show_a_customer_twice() {
    let builder = PipelineUnderTest::for_test().customers(500).seed(93);
    let mut pipeline = without_quotas(builder).set("INDEX_SETTLE", "0s").start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // Five states of every customer, each round in an order of its own, so that all loaders meet all customers.
    let mut records = feed.records(&pipeline, &ids);
    for round in 1..5 {
        for id in &ids {
            pipeline.simulator.change_one(*id, None).unwrap();
        }
        let mut states = feed.records(&pipeline, &ids);
        states.rotate_left(round * 97);
        records.extend(states);
    }
    // Older and newer states side by side.
    let strides: Vec<_> = (0..7)
        .flat_map(|start| records.iter().skip(start).step_by(7).cloned())
        .collect();
    for _ in 0..4 {
        pipeline.run(Service::Loader);
    }
    feed.put(&strides).await;
    let mut polls = 0;
    let report = eventually(LIMIT, "every row is the newest version", async || {
        polls += 1;
        let report = pipeline.simulator.judge().await;
        assert_eq!(report.duplicates, 0, "at poll {polls}: {report:?}");
        expect(report.is_equal(), || format!("{report:?}")).map(|()| report)
    })
    .await;
    assert_eq!((report.form_rows, report.stale), (500, 0));
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.simulator.judge().await;
    assert!(report.is_equal() && polls > 3, "{polls} polls, {report:?}");
    pipeline.drain().await;
}
