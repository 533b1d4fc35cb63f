//! A letter that carries the records of many customers: found by each of them, accounted for, and what becomes of it is the
//! worst of what becomes of them.

use crate::{
    letters::workspace,
    plans::{planned, ran},
};
use kit::workbench::{OPTIONS, Workbench, reference};
use pipeline::{
    disposition::Disposition,
    failure::{
        Failure,
        outcome::{self, replay_tag},
    },
    handler::Outcome,
    message::{Envelope, Outgoing, Subject, part_tag},
    stage::Stage,
};
use prost::Message;
use proto::{
    v1::{CompanyRef, FormRecord, Version},
    v2::{Bundle, BundledRecord},
};
use replay::{
    archive::{KEEP, discard},
    browse::{Browser, Filter},
    plan::{State, make::make, options::Options, run::run},
    query::Query,
    repair::Repair,
    trace::open_letters,
};

/// Puts a bundle into the dead letters of a stage, as the broker does whose consumers died on it.
async fn dead_bundle<M: Message + Subject>(bench: &Workbench, stage: Stage, messages: &[M]) {
    let record = |message: &M| {
        let beside = Envelope::new(message, 1_700_000_000_000);
        BundledRecord {
            body: message.encode_to_vec().into(),
            message_id: beside.message_id,
            attempt: 1,
            run_id: beside.run_id,
            company_id: beside.company_id,
            version: beside.version,
            ..BundledRecord::default()
        }
    };
    let bundle = Bundle {
        kind: M::TYPE.to_owned(),
        lane: String::new(),
        records: messages.iter().map(record).collect(),
    };
    let envelope = Envelope {
        message_id: format!("Bundle:{}:1", messages.len()),
        kind: "okki.pipeline.v2.Bundle".to_owned(),
        attempt: 1,
        ..Envelope::default()
    };
    let dead = bench.rt.namespace.dead_queue(stage);
    bench.rt.broker.declare(stage).await.unwrap();
    let letter = Outgoing::raw(dead.clone(), envelope, bundle.encode_to_vec().into());
    bench.rt.publisher.publish(vec![letter]).await.unwrap();
    bench.until_depth(&dead, 1).await;
}

fn six() -> Vec<CompanyRef> {
    (0..6).map(reference).collect()
}

async fn the_letter(bench: &Workbench) -> String {
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let key = browser.next().await.unwrap().unwrap().letter.key();
    browser.close().await.unwrap();
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_come_to_its_end_with_its_last_record_and_as_the_worst_of_them() {
    let bench = Workbench::new().await;
    dead_bundle(&bench, Stage::Extract, &six()[..3]).await;
    let plan = planned(&bench, &Filter::default(), Options::at_once()).await;
    let plans = workspace(&bench, Stage::Extract).plans();
    let tag = replay_tag(&plan.id, &the_letter(&bench).await);
    let report = async |part, what| {
        let reported = outcome::replay_outcome(Stage::Load, &part_tag(&tag, part, 3), what).unwrap();
        outcome::report(&bench.rt.store, &bench.rt.namespace, &[reported])
            .await
            .unwrap();
        let now = plans.load(&plan.id).await.unwrap().unwrap();
        (now.sent, now.known(), now.failed())
    };
    assert_eq!(report(1, Disposition::Loaded).await, (1, 0, 0));
    assert_eq!(report(2, Disposition::Dead).await, (1, 0, 0));
    assert_eq!(report(2, Disposition::Dead).await, (1, 0, 0), "a redelivery");
    assert_eq!(report(3, Disposition::Loaded).await, (1, 1, 1));
    assert_eq!(report(3, Disposition::Loaded).await, (1, 1, 1), "a redelivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_put_back_and_of_which_most_fail_again_has_failed_again() {
    let bench = Workbench::new().await;
    dead_bundle(&bench, Stage::Extract, &six()).await;
    let running = bench.consume(OPTIONS, |_, job| match job.message.company_id.as_str() {
        "0" => Outcome::done(Disposition::Loaded),
        _ => Outcome::Dead(Failure::new("row-refused", "still")),
    });
    let plan = planned(&bench, &Filter::default(), Options::default()).await;
    let plan = ran(&bench, plan).await;
    running.stop().await;
    assert_eq!((plan.state, plan.failed()), (State::Stopped, 1), "{}", plan.note);
    bench.until_depth(&bench.dead(), 5).await;
    let mut again = 0;
    replay::plan::failed::each(&workspace(&bench, Stage::Extract), &plan.id, |failed| {
        assert!(!failed.letter.contains('#'), "{}", failed.letter);
        again += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .await
    .unwrap();
    assert_eq!(again, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_by_each_customer_and_its_discard_is_accounted() {
    let bench = Workbench::new().await;
    let companies: Vec<String> = (0..6).map(|id| id.to_string()).collect();
    bench.rt.account.list("run", &companies).await.unwrap();
    dead_bundle(&bench, Stage::Extract, &six()).await;
    let workspace = workspace(&bench, Stage::Extract);
    let letters = open_letters(&workspace, "4").await.unwrap();
    assert_eq!((letters.len(), letters[0].version.clone()), (1, None));
    assert!(open_letters(&workspace, "9").await.unwrap().is_empty());
    let of_one = Filter::from("key=4".parse::<Query>().unwrap());
    let moved = discard(&workspace, &of_one, "a test", KEEP, |_| {})
        .await
        .unwrap();
    assert_eq!(moved.moved, 1);
    let balance = bench.rt.account.balance("run").await.unwrap();
    assert_eq!((balance.discarded, balance.in_flight), (6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_its_customers_is_fetched_anew_when_that_is_asked_for() {
    let bench = Workbench::new().await;
    let row = |id: usize| FormRecord {
        company_id: id.to_string(),
        version: Some(Version {
            update_time: 7,
            sequence: 9,
        }),
        run_id: "run".into(),
        ..FormRecord::default()
    };
    dead_bundle(&bench, Stage::Load, &(0..3).map(row).collect::<Vec<_>>()).await;
    let workspace = workspace(&bench, Stage::Load);
    let options = Options {
        wait: false,
        ..Options::at_once()
    };
    let preview = make(
        &workspace,
        &Filter::default(),
        "a test",
        Some(Repair::Remap),
        options.clone(),
        |_| {},
    )
    .await
    .unwrap()
    .unwrap();
    run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    let running = bench.consume(OPTIONS, |_, job| {
        assert!(job.message.force);
        Outcome::done(Disposition::Loaded)
    });
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    kit::wait::eventually(std::time::Duration::from_secs(20), "three fetches", async || {
        let seen = running.handler.seen.lock().unwrap().len();
        kit::wait::expect(seen == 3, || seen.to_string())
    })
    .await;
    running.stop().await;
}
