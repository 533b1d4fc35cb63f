//! I6 and I7: a bad row costs one row, a refusal of everything costs nothing, and both say what is the matter.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, KeyRule, Poison, Vendor};
use kit::wait::{eventually, expect};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test]
async fn one_bad_row_among_a_hundred_costs_one_dead_letter_and_fifteen_calls() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(100)
        .seed(41)
        .set("INDEX_SETTLE", "0s")
        .set("LINGER", "5s")
        .simulator(|options| {
            options.settings.jdy.poison = vec![Poison {
                marker: "POISON".into(),
                code: 3005,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    if let Some(field) = records[63].fields.first_mut() {
        field.value = Some(proto::v1::field_value::Value::Text("a POISON row".into()));
    }
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 99).await;
    pipeline.quiet(LIMIT, 1).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!((report.missing, report.duplicates, report.form_rows), (1, 0, 99));
    let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    let calls = stats["jdy"]["calls"]["batch_create"]["calls"].as_u64().unwrap();
    assert!(calls <= 16, "one call and at most fifteen more, not {calls}");
    // The cause goes away, and the letter is put back.
    pipeline.simulator.set(|settings| settings.jdy.poison.clear());
    feed.put(&feed.records(&pipeline, &ids[63..64])).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_key_that_is_refused_pauses_and_goes_on_by_itself() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(50)
        .seed(42)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    for code in [7212, 17018] {
        pipeline.simulator.set(|settings| {
            for rule in settings.jdy.keys.values_mut() {
                *rule = Some(KeyRule {
                    refuse: Some(code),
                    ..KeyRule::default()
                });
            }
        });
        pipeline.simulator.change(5);
        feed.put_all(&pipeline).await;
        pipeline[loader].pauses_for(&code.to_string()).await;
        pipeline.simulator.set(|settings| {
            settings
                .jdy
                .keys
                .values_mut()
                .for_each(|rule| *rule = Some(KeyRule::default()))
        });
        pipeline.until_equal(LIMIT).await;
        pipeline[loader].ready().await;
    }
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn an_outage_pauses_and_costs_nothing() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(43)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let outage = pipeline.simulator.outage(Vendor::Jdy);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("does not answer").await;
    pipeline.simulator.clear_faults(Some(outage));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_row_that_a_person_deleted_is_made_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(44)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    let changed = pipeline.simulator.change(1);
    let rows = pipeline.simulator.rows(30);
    let row = rows
        .iter()
        .find(|row| row[kit::simulator::KEY_WIDGET].as_str() == Some(&changed[0].to_string()))
        .unwrap();
    pipeline.simulator.delete_rows(row["_id"].as_str());
    feed.put(&feed.records(&pipeline, &changed)).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rates_that_others_use_up_are_waited_for() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(300)
        .seed(45)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "20")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    for code in [8303, 8304] {
        let kind = FaultKind::Code {
            code,
            message: String::new(),
            status: None,
        };
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "batch_create", kind).every(4));
    }
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 300);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_vendor_that_only_asks_to_wait_is_a_pause_and_not_a_loop() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .seed(49)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let kind = FaultKind::Code {
        code: 8303,
        message: "rate limit exceeded".into(),
        status: None,
    };
    let fault = pipeline
        .simulator
        .fault(Fault::on(Vendor::Jdy, "batch_create", kind));
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("outage").await;
    pipeline.simulator.clear_faults(Some(fault));
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 1);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// A row that is always asked to wait is one bad record like any other (I12).
#[tokio::test]
async fn a_row_that_is_always_put_off_dies_alone() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(50)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| {
            options.settings.jdy.poison = vec![Poison {
                marker: "POISON".into(),
                code: 8303,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let mut records = feed.records(&pipeline, &pipeline.simulator.company_ids());
    if let Some(field) = records[7].fields.first_mut() {
        field.value = Some(proto::v1::field_value::Value::Text("a POISON row".into()));
    }
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 59).await;
    pipeline.quiet(LIMIT, 1).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!((report.missing, report.duplicates, report.form_rows), (1, 0, 59));
    pipeline.drain().await;
}

#[tokio::test]
async fn bad_rows_in_every_batch_do_not_hold_up_their_neighbours() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(1000)
        .seed(46)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| {
            options.settings.jdy.poison = vec![Poison {
                marker: "POISON".into(),
                code: 3005,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    for record in records.iter_mut().step_by(97) {
        if let Some(field) = record.fields.first_mut() {
            field.value = Some(proto::v1::field_value::Value::Text("a POISON row".into()));
        }
    }
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 989).await;
    pipeline.quiet(LIMIT, 11).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!(
        (report.missing, report.duplicates, report.form_rows),
        (11, 0, 989)
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_row_that_a_person_deleted_can_be_left_to_a_person() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(47)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "ON_MISSING_ROW", "dead-letter")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    // Until then the loader compares what it has made.
    pipeline.quiet(LIMIT, 0).await;
    let changed = pipeline.simulator.change(2);
    let rows = pipeline.simulator.rows(30);
    let gone = changed[0].to_string();
    let row = rows
        .iter()
        .find(|row| row[kit::simulator::KEY_WIDGET].as_str() == Some(&gone))
        .unwrap();
    pipeline.simulator.delete_rows(row["_id"].as_str());
    feed.put(&feed.records(&pipeline, &changed)).await;
    pipeline.quiet(LIMIT, 1).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!((report.form_rows, report.missing, report.stale), (29, 1, 0));
    let listed = ["dead", "list", "--json"];
    let said = pipeline.tool(Service::Loader, &listed).await.unwrap();
    assert!(said.contains("row-missing") && said.contains(&gone), "{said}");
    pipeline.drain().await;
}

#[tokio::test]
async fn an_unknown_code_that_hits_every_row_pauses_the_stage() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(48)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| {
            let marker = String::new();
            options.settings.jdy.poison = vec![Poison {
                marker,
                code: 424_242,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for("424242").await;
    // What is still wrong after some probes stays paused, and gives up nothing more.
    let calls = pipeline.simulator.stats().jdy.total_calls;
    eventually(LIMIT, "some more tries", async || {
        let now = pipeline.simulator.stats().jdy.total_calls;
        expect(now > calls + 10, || format!("{now} calls"))
    })
    .await;
    pipeline.simulator.set(|settings| settings.jdy.poison.clear());
    pipeline.rows(LIMIT, 200).await;
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!((report.form_rows, report.missing, report.duplicates), (200, 0, 0));
    pipeline[loader].ready().await;
    pipeline.drain().await;
}

/// Who reads why nothing goes on must not be told that nobody answers, when the answer is that the key is refused; nor of
/// the key, when it is the app.
#[tokio::test]
async fn a_pause_whose_reason_becomes_another_is_told_as_that() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(172)
        .start()
        .await;
    let replicas = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 20).await;
    let outage = Fault::on(Vendor::Jdy, "*", FaultKind::Reset { commit: false });
    let outage = pipeline.simulator.fault(outage);
    pipeline.simulator.change(5);
    pipeline[replicas[2]].pauses_for("outage").await;
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    pipeline.simulator.clear_faults(Some(outage));
    pipeline[replicas[2]].pauses_for("credentials").await;
    let no_app = FaultKind::Code {
        code: 2004,
        message: String::new(),
        status: None,
    };
    let no_app = pipeline.simulator.fault(Fault::on(Vendor::Jdy, "*", no_app));
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(KeyRule::default()));
    });
    pipeline[replicas[2]].pauses_for("configuration").await;
    pipeline.simulator.clear_faults(Some(no_app));
    pipeline[replicas[2]].ready().await;
    pipeline.until_equal(Duration::from_secs(60)).await;
    pipeline.drain().await;
}
