//! The account of events: written with each batch, read from any offset, and never in anybody's way.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use kit::{
    config,
    events::{broker, events, read, story},
    services::Services,
    wait::{eventually, expect},
    workbench::{OPTIONS, Workbench, forward},
};
use lapin::{Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable};
use pipeline::{
    config::CommonConfig,
    disposition::Disposition,
    events::{Event, Events, Reader, Start, What},
    failure::{Failure, VendorAnswer, record::FailureRecord},
    handler::{Outcome, WaitsFor},
    service::Runtime,
    shutdown::Shutdown,
    stage::Stage,
};

const LIMIT: Duration = Duration::from_secs(60);

fn url() -> String {
    config::common("t").amqp.url.expose().to_owned()
}

fn words(events: &[Event], company: &str) -> Vec<What> {
    story(events, company).into_iter().map(|(what, _)| what).collect()
}

/// Bodies that only fill the stream.
fn filling(id: u64, bytes: usize) -> Event {
    Event {
        id,
        what: What::Died.into(),
        failure: "x".repeat(bytes),
        ..Event::default()
    }
}

async fn delete_stream(bench: &Workbench) {
    let connection = Connection::connect(&url(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let stream = bench.rt.namespace.event_stream();
    channel
        .queue_delete(stream.as_str().into(), Default::default())
        .await
        .unwrap();
}

async fn queue(bench: &Workbench, name: &str, passive: bool) -> Result<u32, lapin::Error> {
    let connection = Connection::connect(&url(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions {
        passive,
        ..QueueDeclareOptions::durable()
    };
    let name = format!("{}.{name}", bench.namespace);
    let declared = channel
        .queue_declare(name.as_str().into(), options, FieldTable::default())
        .await;
    drop(connection.close(200, "done".into()).await);
    declared.map(|queue| queue.message_count())
}

#[tokio::test]
async fn every_handling_of_a_message_is_on_record() {
    let bench = Workbench::new().await;
    bench.publish(0..50).await;
    let running = bench.consume(OPTIONS, |_, job| {
        let refused = || Failure {
            vendor: Some(VendorAnswer {
                code: "3005".into(),
                message: "call 13812345678".into(),
            }),
            ..Failure::new("row-refused", "refused: a@b.cn")
        };
        match job.message.company_id.as_str() {
            "1" => Outcome::filtered("rule"),
            "2" => Outcome::Dead(refused()),
            "3" => Outcome::Retry(refused()),
            "4" if job.meta.attempt == 1 => Outcome::Park(WaitsFor::OtherMessage),
            "5" if job.meta.attempt == 1 => Outcome::Retry(refused()),
            _ => forward(job),
        }
    });
    bench.until_depth(&bench.queue(Stage::Transform), 46).await;
    bench.until_depth(&bench.dead(), 2).await;
    running.shutdown.trigger();
    running.task.await.unwrap().unwrap();

    let all = events(&url(), &bench.rt.namespace).await.unwrap();
    let of = |company| words(&all, company);
    assert_eq!(of("0"), [What::Fetched]);
    assert_eq!(of("1"), [What::Filtered]);
    assert_eq!(of("2"), [What::Died]);
    assert_eq!(of("3"), [What::Retried, What::Retried, What::Died]);
    assert_eq!(of("4").first(), Some(&What::Parked));
    assert_eq!(of("5"), [What::Retried, What::Fetched]);

    let filtered = story(&all, "1")[0].1;
    assert_eq!(
        (
            filtered.reason.as_str(),
            filtered.run_id.as_str(),
            filtered.attempt
        ),
        ("rule", "run", 1)
    );
    let retried = story(&all, "5")[0].1;
    assert_eq!(
        (retried.vendor_code.as_str(), retried.reason.as_str()),
        ("3005", "row-refused")
    );
    assert!(retried.next_at > 0 && retried.failure.is_empty());
    let died = story(&all, "3")[2].1;
    assert_eq!(
        (died.attempt, died.group.len(), &died.group),
        (3, 8, &retried.group)
    );
    let record: FailureRecord = serde_json::from_str(&died.failure).unwrap();
    assert_eq!((&record.id, record.attempts.len()), (&died.letter_id, 3));
    assert_eq!(record.message, "refused: a***@b.cn");
    assert_eq!(record.vendor.unwrap().message, "call 138***78");

    let stored = read(&url(), &bench.rt.namespace).await.unwrap();
    let batches: Vec<&Events> = stored.iter().map(|stored| &stored.events).collect();
    assert!(batches.len() < 50, "one message for a batch, not for a record");
    assert!(
        batches
            .iter()
            .all(|batch| batch.at > 0 && batch.instance == batches[0].instance)
    );
}

#[tokio::test]
async fn the_stream_is_read_again_from_an_offset_and_to_its_end() {
    let bench = Workbench::new().await;
    let writer = &bench.rt.events;
    for id in 0..20 {
        writer.write(Stage::Load, vec![filling(id, 10)]).await;
    }
    let all = read(&url(), &bench.rt.namespace).await.unwrap();
    let ids = |stored: &[pipeline::events::Stored]| {
        let events = stored.iter().flat_map(|stored| &stored.events.events);
        events.map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&all), (0..20).collect::<Vec<_>>());

    let own = broker(&url(), &bench.rt.namespace);
    let mut reader = Reader::open(&own, Start::Offset(all[12].offset))
        .await
        .unwrap()
        .unwrap();
    let mut rest = Vec::new();
    while let Some(stored) = reader.next_to_end().await.unwrap() {
        rest.push(stored);
    }
    assert_eq!(ids(&rest), (12..20).collect::<Vec<_>>());
    // The same reader goes on with what comes later.
    writer.write(Stage::Load, vec![filling(20, 10)]).await;
    assert_eq!(reader.next().await.unwrap().events.events[0].id, 20);
    assert_eq!(reader.next_to_end().await.unwrap(), None);

    let now = jiff::Timestamp::now().as_second();
    let since = Start::Since(u64::try_from(now - 3600).unwrap());
    let mut reader = Reader::open(&own, since).await.unwrap().unwrap();
    assert_eq!(reader.next().await.unwrap().events.events[0].id, 0);
    // An offset behind the end of what is there belongs to a stream that is gone.
    let mut reader = Reader::open(&own, Start::Offset(1_000)).await.unwrap().unwrap();
    assert!(reader.begun_anew());
    assert_eq!(reader.next().await.unwrap().events.events[0].id, 0);
}

#[tokio::test]
async fn the_oldest_events_go_when_there_are_too_many() {
    let bench = Workbench::new().await;
    let mut common = config::common(&bench.namespace);
    common.stream.max_bytes = 3_000_000;
    let rt = Runtime::assemble("test", &common, Shutdown::manual(LIMIT)).unwrap();
    for id in 0..60 {
        rt.events.write(Stage::Load, vec![filling(id, 200_000)]).await;
    }
    // The broker looks at retention when it begins a segment, and a moment after that.
    eventually(LIMIT, "the oldest events are gone", async || {
        let left = read(&url(), &rt.namespace).await.unwrap();
        let first = left[0].events.events[0].id;
        assert_eq!(left.last().unwrap().events.events[0].id, 59);
        expect(first > 0, || format!("{} messages are left", left.len()))
    })
    .await;
}

#[tokio::test]
async fn a_stream_with_another_retention_is_used_as_it_is() {
    let bench = Workbench::new().await;
    bench.rt.events.write(Stage::Load, vec![filling(1, 10)]).await;
    let mut common = config::common(&bench.namespace);
    common.stream.max_age = "1h".to_owned();
    let rt = Runtime::assemble("test", &common, Shutdown::manual(LIMIT)).unwrap();
    rt.events.write(Stage::Load, vec![filling(2, 10)]).await;
    assert_eq!(read(&url(), &rt.namespace).await.unwrap().len(), 2);
}

#[tokio::test]
async fn switched_off_nothing_is_written_and_no_stream_is_made() {
    let bench = Workbench::new().await;
    bench.publish(0..3).await;
    let off = |common: &mut CommonConfig| common.stream.on = false;
    let running = bench.consume_with(off, OPTIONS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Transform), 3).await;
    running.stop().await;
    assert!(queue(&bench, "events", true).await.is_err());
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_made_anew() {
    let bench = Workbench::new().await;
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.publish(0..3).await;
    bench.until_depth(&bench.queue(Stage::Transform), 3).await;
    delete_stream(&bench).await;
    bench.publish(10..13).await;
    bench.until_depth(&bench.queue(Stage::Transform), 6).await;
    running.stop().await;
    let all = events(&url(), &bench.rt.namespace).await.unwrap();
    let companies: HashSet<_> = all.iter().map(|event| event.company_id.as_str()).collect();
    // What was on its way when the stream went is written again, and may be in the new one as well.
    assert!(companies.is_superset(&["10", "11", "12"].into()), "{companies:?}");
}

#[tokio::test]
async fn where_the_stream_cannot_be_the_work_goes_on_without_it() {
    let bench = Workbench::new().await;
    queue(&bench, "events", false).await.unwrap();
    bench.publish(0..3).await;
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Transform), 3).await;
    assert!(running.gate.is_open());
    running.stop().await;
    // Nothing is piled up in a queue that nobody reads.
    assert_eq!(queue(&bench, "events", true).await.unwrap(), 0);
    delete_stream(&bench).await;
}

/// A loader publishes nothing else, so it goes on draining the queues that fill the broker; the events come later.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_does_not_stop_who_only_has_events_to_publish() {
    let mut common = config::common("t");
    let mut services = Services::with_own_broker(&mut common).await.unwrap();
    let url = services.amqp_url().to_owned();
    let bench = Workbench::with(common).await;
    bench.rt.events.write(Stage::Load, vec![filling(1, 10)]).await;
    bench.publish(0..40).await;
    let server = services.broker().unwrap();
    let queue = bench.queue(Stage::Extract);
    eventually(LIMIT, "queue and stream would survive", async || {
        let are_there = server.has_on_disk(&queue) && server.has_streams_on_disk();
        expect(are_there, || "only in memory".into())
    })
    .await;
    server
        .restart_with("{vm_memory_high_watermark, {absolute, 1000}}")
        .await
        .unwrap();

    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    bench.until_depth(&queue, 0).await;
    eventually(LIMIT, "everything is settled", async || {
        let seen = running.handler.seen.lock().unwrap().len();
        expect(seen >= 40, || format!("{seen} are handled"))
    })
    .await;
    assert!(running.gate.is_open(), "{:?}", running.gate.pauses());
    services.broker().unwrap().restart_with("").await.unwrap();
    let written = eventually(LIMIT, "the events are written", async || {
        let all = events(&url, &bench.rt.namespace)
            .await
            .map_err(|error| error.to_string())?;
        let mut of: BTreeMap<String, usize> = BTreeMap::new();
        for event in all.into_iter().filter(|event| event.what() == What::Written) {
            *of.entry(event.company_id).or_default() += 1;
        }
        expect(of.len() == 40, || format!("{} customers", of.len()))?;
        Ok(of)
    })
    .await;
    assert!(
        written.values().all(|times| *times == 1),
        "a repeat has the same id: {written:?}"
    );
    running.stop().await;
}
