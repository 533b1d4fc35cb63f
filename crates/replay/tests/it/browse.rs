//! Foreign messages, and browsing dead letters (I8).

use crate::{
    letters::workspace,
    plans::{planned, ran},
};
use kit::workbench::{OPTIONS, Workbench, forward, reference};
use pipeline::{failure::Failure, handler::Outcome, lease::Lease, message::Outgoing, stage::Stage};
use replay::{
    browse::{Browser, Filter},
    plan::{options::Options, run::run},
    query::Query,
};
use std::time::Duration;

async fn ids(bench: &Workbench) -> Vec<String> {
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let (mut ids, mut taken) = (Vec::new(), Vec::new());
    while let Some(next) = browser.next().await.unwrap() {
        ids.push(next.letter.record.id.clone());
        taken.push(next);
    }
    browser.close().await.unwrap();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn browsing_a_hundred_times_changes_nothing() {
    let bench = Workbench::new().await;
    bench.publish(0..25).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::Dead(Failure::new("broken", "for good")));
    bench.until_depth(&bench.dead(), 25).await;
    running.stop().await;
    let first = ids(&bench).await;
    assert_eq!(first.len(), 25);
    for _ in 0..100 {
        assert_eq!(ids(&bench).await, first);
    }
    assert_eq!(bench.depth(&bench.dead()).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_ours_dies_intact_and_the_next_one_lives() {
    let bench = Workbench::new().await;
    let bodies: [&[u8]; 3] = [b"hello, this is no protobuf", &[0xff; 300], b""];
    for body in bodies {
        bench
            .rt
            .publisher
            .publish(vec![kit::workbench::foreign(&bench.queue(Stage::Extract), body)])
            .await
            .unwrap();
    }
    bench.publish([1]).await;
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Transform), 1).await;
    bench.until_depth(&bench.dead(), 3).await;
    running.stop().await;
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let mut found = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        assert_eq!(taken.letter.record.code, "undecodable");
        found.push(taken.letter.body.to_vec());
    }
    found.sort();
    let mut expected = bodies.map(<[u8]>::to_vec);
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsing_more_than_one_consumer_may_hold_keeps_the_order() {
    let bench = Workbench::new().await;
    let letters = (0..4_500)
        .map(|id| Outgoing::to(Stage::Load, &reference(id)))
        .collect();
    bench
        .rt
        .publisher
        .publish_to(&bench.dead(), letters)
        .await
        .unwrap();
    bench.until_depth(&bench.dead(), 4_500).await;
    let first = ids(&bench).await;
    assert_eq!(first.len(), 4_500);
    assert_eq!(ids(&bench).await, first);
    bench.until_depth(&bench.dead(), 4_500).await;
}

/// As with 120,000 letters and pages of 2,000: more pages than the broker keeps in order on one channel.
#[tokio::test(flavor = "multi_thread")]
async fn browsing_more_pages_than_one_channel_keeps_in_order_keeps_the_order() {
    let bench = Workbench::new().await;
    let letters = (0..1_500)
        .map(|id| Outgoing::to(Stage::Load, &reference(id)))
        .collect();
    bench
        .rt
        .publisher
        .publish_to(&bench.dead(), letters)
        .await
        .unwrap();
    bench.until_depth(&bench.dead(), 1_500).await;
    let mut expected = ids(&bench).await;
    assert_eq!(expected.len(), 1_500);
    for round in 0..4 {
        let browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
        let mut browser = browser.with_pages_of(25);
        let (mut seen, mut removed) = (Vec::new(), None);
        while let Some(taken) = browser.next().await.unwrap() {
            let id = taken.letter.record.id.clone();
            // From the second round on, one leaves from a page in the middle.
            if round > 0 && seen.len() == 700 {
                assert!(taken.remove().await);
                removed = Some(id.clone());
            }
            seen.push(id);
        }
        browser.close().await.unwrap();
        assert!(seen == expected, "round {round}");
        expected.retain(|id| Some(id) != removed.as_ref());
    }
    assert!(ids(&bench).await == expected, "by a browser on one channel, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_takes_the_chosen_and_leaves_the_others_in_place() {
    let bench = Workbench::new().await;
    bench.publish(0..300).await;
    let running = bench.consume(OPTIONS, |_, job| {
        let odd = job.message.company_id.parse::<u64>().unwrap() % 2 == 1;
        Outcome::Dead(Failure::new(if odd { "odd" } else { "even" }, "for good"))
    });
    bench.until_depth(&bench.dead(), 300).await;
    running.stop().await;
    let before = ids(&bench).await;

    let filter = Filter::from("code=odd".parse::<Query>().unwrap());
    let plan = ran(&bench, planned(&bench, &filter, Options::at_once()).await).await;
    assert_eq!((plan.sent, plan.left()), (150, 150));
    bench.until_depth(&bench.queue(Stage::Extract), 150).await;
    let evens: Vec<_> = before.into_iter().filter(|id| is_even(id)).collect();
    assert_eq!(ids(&bench).await, evens);

    // Those put back fail again: they return to the dead letters with their history and their count.
    let running = bench.consume(OPTIONS, |_, _| Outcome::Dead(Failure::new("still", "for good")));
    bench.until_depth(&bench.dead(), 300).await;
    running.stop().await;
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    while let Some(taken) = browser.next().await.unwrap() {
        let record = taken.letter.record;
        if !is_even(&record.id) {
            let codes: Vec<_> = record
                .attempts
                .iter()
                .map(|attempt| attempt.code.as_str())
                .collect();
            assert_eq!(
                (record.replays, codes.as_slice()),
                (1, ["odd", "still"].as_slice())
            );
            assert_eq!(record.last_replay.as_deref(), Some(plan.id.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replay_at_the_same_time_is_refused() {
    let bench = Workbench::new().await;
    bench.publish(0..1).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::Dead(Failure::new("broken", "for good")));
    bench.until_depth(&bench.dead(), 1).await;
    running.stop().await;
    let plan = planned(&bench, &Filter::default(), Options::at_once()).await;
    let key = bench.rt.namespace.replay_lease_key(Stage::Extract);
    let lease = Lease::acquire(&bench.rt.store, key, "somebody", Duration::from_secs(30))
        .await
        .unwrap()
        .unwrap();
    let options = Options::at_once();
    let refused = run(
        &workspace(&bench, Stage::Extract),
        plan.clone(),
        &options,
        &mut |_| {},
    )
    .await
    .unwrap_err();
    assert!(format!("{refused:#}").contains("under way"), "{refused:#}");
    lease.release().await.unwrap();
    assert_eq!(ran(&bench, plan).await.sent, 1);
}

fn is_even(id: &str) -> bool {
    id.split(':').nth(1).unwrap().parse::<u64>().unwrap() % 2 == 0
}
