//! I15: the account of events says of every customer what became of it, and nothing of who it is.

use std::collections::BTreeSet;
use std::time::Duration;

use kit::events::{events, read, story};
use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::Services;
use kit::simulator::{Fault, FaultKind, Loose, Vendor};
use kit::wait::{eventually, expect};
use pipeline::events::{Event, What};
use pipeline::failure::record::FailureRecord;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(90);

async fn account(pipeline: &PipelineUnderTest) -> Vec<Event> {
    let url = &pipeline.settings(Service::Loader)["AMQP_URL"];
    events(url, &pipeline.namespace).await.unwrap()
}

fn words(events: &[Event], id: i64) -> Vec<What> {
    let story = story(events, &id.to_string());
    story.into_iter().map(|(what, _)| what).collect()
}

/// The row of a customer in the form.
fn row_id(rows: &[Value], id: i64) -> String {
    let id = id.to_string();
    let row = rows.iter().find(|row| row.to_string().contains(&id)).unwrap();
    row["_id"].as_str().unwrap().to_owned()
}

fn text(value: &Loose) -> String {
    match value {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => text.clone(),
    }
}

/// Names, mail addresses and numbers of everybody.
fn personal(pipeline: &PipelineUnderTest, ids: &[i64]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for id in ids {
        let Ok(customer) = pipeline.simulator.customer(*id) else {
            continue;
        };
        found.extend([customer.name, customer.short_name]);
        for contact in &customer.contacts {
            found.extend(contact.name.clone());
            found.extend(contact.email.clone());
            found.extend(contact.phones.iter().map(|(_, number)| text(number)));
        }
        found.extend(customer.tel.iter().map(|(_, number)| text(number)));
    }
    found.retain(|text| text.trim().len() >= 6);
    assert!(found.len() > ids.len(), "{found:?}");
    found
}

/// A source document that takes customers with three stars and more.
fn source(folder: &std::path::Path) -> String {
    let file = folder.join("source.json");
    let document = json!({
        "api": "/v1/company/list", "effect": "QUERY", "method": "GET", "id": "company_id",
        "request": [{"field": "all", "label": "all", "type": "string", "value": "1"}],
        "condition": [[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]],
    });
    std::fs::write(&file, document.to_string()).unwrap();
    file.display().to_string()
}

fn is_kept(pipeline: &PipelineUnderTest, id: i64) -> bool {
    let stars = match pipeline.simulator.customer(id).unwrap().star {
        Some(Loose::Int(star)) => star,
        Some(Loose::Text(star)) => star.trim().parse().unwrap_or(0),
        None => 0,
    };
    stars >= 3
}

/// What the vendor says of a row that it refuses, with everything that it was sent.
fn refuse_in_words(pipeline: &PipelineUnderTest, id: i64) {
    let customer = pipeline.simulator.customer(id).unwrap();
    let phone = customer
        .contacts
        .first()
        .and_then(|contact| contact.phones.first());
    let phone = phone.map(|(_, number)| text(number)).unwrap_or_default();
    let message = format!("「{}」电话 {phone}: 字段校验失败", customer.name);
    let refusal = FaultKind::Code {
        code: 3005,
        message,
        status: None,
    };
    let fault = Fault::on(Vendor::Jdy, "batch_create", refusal);
    pipeline.simulator.fault(fault.containing(&id.to_string()));
}

#[tokio::test]
async fn the_account_says_of_every_customer_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(151)
        .set_for(Service::Extractor, "SOURCE", source(folder.path()))
        .set_for(Service::Extractor, "REMOVALS", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let (kept, dropped): (Vec<i64>, Vec<i64>) = ids.iter().copied().partition(|id| is_kept(&pipeline, *id));
    let (dead, changed, gone) = (kept[0], kept[1], kept[2]);
    refuse_in_words(&pipeline, dead);
    pipeline.run_all();
    pipeline.rows(LIMIT, kept.len() - 1).await;
    pipeline.quiet(LIMIT, 1).await;
    let rows = pipeline.simulator.rows(1_000);
    let forbidden = personal(&pipeline, &ids);
    pipeline
        .simulator
        .change_one(changed, Some(json!({"short_name": "another", "star": 5})))
        .unwrap();
    // A change draws the other cells anew; this one keeps its stars and stays within the filter.
    pipeline.simulator.remove_one(gone).unwrap();
    eventually(LIMIT, "the changes are in the form", async || {
        let all = account(&pipeline).await;
        let done =
            words(&all, changed).contains(&What::Updated) && words(&all, gone).contains(&What::Removed);
        expect(done, || {
            format!("{:?} {:?}", words(&all, changed), words(&all, gone))
        })
    })
    .await;
    pipeline.quiet(LIMIT, 1).await;

    let all = account(&pipeline).await;
    for id in &kept {
        let own = words(&all, *id);
        let expected: &[What] = match *id {
            id if id == dead => &[What::Listed, What::Fetched, What::Mapped, What::Died],
            _ => &[What::Listed, What::Fetched, What::Mapped, What::Created],
        };
        // A record may be fetched once more in between, when the loader is in doubt about its row.
        let mut rest = own.iter();
        let in_order = expected.iter().all(|what| rest.any(|found| found == what));
        assert!(in_order, "{id}: {own:?}");
        let made = own.iter().filter(|what| **what == What::Created).count();
        assert_eq!(made, usize::from(*id != dead), "{id}: {own:?}");
        if *id != dead {
            let created = story(&all, &id.to_string())
                .into_iter()
                .find(|(what, _)| *what == What::Created);
            assert_eq!(created.unwrap().1.row_id, row_id(&rows, *id));
        }
    }
    for id in &dropped {
        let own = words(&all, *id);
        assert_eq!(
            own.get(..2),
            Some(&[What::Listed, What::Filtered][..]),
            "{id}: {own:?}"
        );
    }
    let died = *story(&all, &dead.to_string())
        .iter()
        .find(|(what, _)| *what == What::Died)
        .unwrap();
    let record: FailureRecord = serde_json::from_str(&died.1.failure).unwrap();
    assert_eq!(
        (record.id.as_str(), record.company_id),
        (died.1.letter_id.as_str(), dead.to_string())
    );
    assert!(
        record.vendor.unwrap().message.contains("字段校验失败"),
        "{}",
        died.1.failure
    );
    let groups = pipeline
        .tool(Service::Loader, &["dead", "groups", "--json"])
        .await
        .unwrap();
    assert!(groups.contains(&died.1.group), "{groups}");

    // What ties the steps of a customer together: the snapshot's version, and times that do not go back.
    for id in &kept {
        let own = story(&all, &id.to_string());
        let find = |wanted: What| {
            own.iter()
                .find(|(what, _)| *what == wanted)
                .map(|(_, event)| *event)
        };
        let (fetched, mapped) = (find(What::Fetched).unwrap(), find(What::Mapped).unwrap());
        assert_eq!(fetched.published, mapped.version);
        assert_eq!(fetched.run_id, mapped.run_id);
    }
    let said = format!(
        "{:?}",
        read(
            &pipeline.settings(Service::Loader)["AMQP_URL"],
            &pipeline.namespace
        )
        .await
        .unwrap()
    );
    let seen: Vec<_> = forbidden
        .iter()
        .filter(|text| said.contains(text.as_str()))
        .collect();
    assert!(seen.is_empty(), "the stream says who they are: {seen:?}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_loader_that_dies_before_it_acknowledges_repeats_the_same_event() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(12)
        .seed(152)
        .set_for(Service::Loader, "LEASE", "3s")
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    // Behind the confirms, before the acknowledgements.
    let first = pipeline.run_with(Service::Loader, &[("FAILPOINT", "marks-before:abort")]);
    pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    pipeline[first].process().wait(LIMIT).await.unwrap();
    pipeline[first].kill9();
    let url = pipeline.settings(Service::Loader)["AMQP_URL"].clone();
    let written = read(&url, &pipeline.namespace).await.unwrap();
    let all = |stored: &[pipeline::events::Stored]| {
        let events = stored.iter().flat_map(|stored| stored.events.events.clone());
        events.collect::<Vec<_>>()
    };
    let created = all(&written)
        .into_iter()
        .filter(|event| event.what() == What::Created);
    let before: Vec<u64> = created.map(|event| event.id).collect();
    assert!(
        !before.is_empty(),
        "the events are there before the acknowledgement"
    );

    pipeline.run(Service::Loader);
    pipeline.until_equal(LIMIT).await;
    // What a loader has in hand is in no queue.
    eventually(
        LIMIT,
        "the second handling says it under the same ids",
        async || {
            let after = read(&url, &pipeline.namespace).await.unwrap();
            let after = all(&after);
            let times = |id: &u64| after.iter().filter(|event| event.id == *id).count();
            let once: Vec<_> = before.iter().filter(|id| times(id) != 2).collect();
            expect(once.is_empty(), || format!("not two of each: {once:?}"))
        },
    )
    .await;
    pipeline.quiet(LIMIT, 0).await;
    let all = account(&pipeline).await;
    for id in ids {
        let own = words(&all, id);
        assert_eq!(
            own.iter().filter(|what| **what == What::Created).count(),
            1,
            "{id}: {own:?}"
        );
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn the_account_survives_the_death_of_the_broker() {
    let mut services = Services::private().await.unwrap();
    let builder = PipelineUnderTest::for_test().customers(80).seed(153);
    let mut pipeline = builder
        .services(services.amqp_url(), services.redis_url())
        .simulator(|options| options.settings.jdy.latency_ms = 100)
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(LIMIT, 20).await;
    let queues = Service::ALL.map(|service| pipeline.namespace.queue(service.stage()));
    let broker = services.broker().unwrap();
    eventually(LIMIT, "the queues would survive", async || {
        let are_there = queues.iter().all(|queue| broker.has_on_disk(queue));
        expect(are_there && broker.has_streams_on_disk(), || {
            "only in memory".into()
        })
    })
    .await;
    let before = account(&pipeline).await;
    assert!(!before.is_empty());
    broker.kill().unwrap();
    broker.restart().await.unwrap();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    // A handling that the broker did not see the end of is told of when it takes events again.
    let after = eventually(LIMIT, "everything is on record", async || {
        let url = &pipeline.settings(Service::Loader)["AMQP_URL"];
        let all = events(url, &pipeline.namespace).await;
        let all = all.map_err(|error| error.to_string())?;
        let missing = pipeline.simulator.company_ids().into_iter().filter(|id| {
            let own = words(&all, *id);
            !own.iter()
                .any(|what| matches!(what, What::Created | What::Written))
        });
        let missing: Vec<i64> = missing.collect();
        expect(missing.is_empty(), || format!("{missing:?}"))?;
        Ok(all)
    })
    .await;
    let lost = before.iter().filter(|event| !after.contains(event)).count();
    assert_eq!(lost, 0, "nothing that was confirmed is lost");
    pipeline.drain().await;
}

#[tokio::test]
async fn switched_off_the_pipeline_keeps_no_account() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(154)
        .set("EVENTS", "off")
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let stream = pipeline.namespace.event_stream();
    assert_eq!(pipeline.queues.count(&stream).await.unwrap(), None);
    pipeline.drain().await;
}
