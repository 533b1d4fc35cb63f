//! What goes into a bundle comes out of it, and what may not go into one does not.

use super::*;
use crate::stage::Stage;
use proto::v1::{CompanyRef, CompanySnapshot, Lane};

const MOST: BundleConfig = BundleConfig {
    records: 3,
    refs: 100,
    bytes: 10_000,
};

fn reference(id: usize, lane: Lane) -> Outgoing {
    Outgoing::to(
        Stage::Extract,
        &CompanyRef {
            company_id: id.to_string(),
            run_id: "run".into(),
            lane: lane.into(),
            ..CompanyRef::default()
        },
    )
}

fn live(ids: std::ops::Range<usize>) -> Vec<Outgoing> {
    ids.map(|id| reference(id, Lane::Live)).collect()
}

/// What a consumer makes of it, message by message.
fn unpacked(packed: &[Cow<'_, Outgoing>]) -> Vec<Vec<(Envelope, Bytes)>> {
    let records = |message: &Cow<'_, Outgoing>| {
        let envelope = Envelope::read(&message.properties());
        match envelope.kind.as_str() {
            TYPE => unpack(&envelope, message.body.clone()).unwrap(),
            _ => vec![(envelope, message.body.clone())],
        }
    };
    packed.iter().map(records).collect()
}

fn ids(packed: &[Cow<'_, Outgoing>]) -> Vec<Vec<String>> {
    let of = |records: Vec<(Envelope, Bytes)>| records.into_iter().map(|one| one.0.company_id).collect();
    unpacked(packed).into_iter().map(of).collect()
}

#[test]
fn every_record_comes_out_as_if_it_had_come_alone() {
    let mut messages = live(0..2);
    messages[1] = messages[1]
        .clone()
        .with_trace(Some("00-a-b-01".into()))
        .with_replay(Some("plan/letter".into()));
    messages[1].envelope.replays = 2;
    messages[1].envelope.attempt = 3;
    messages[1].envelope.repair_of = Some("letter".into());
    let packed = pack(&messages, MOST);
    assert_eq!((packed.len(), packed[0].records), (1, 2));
    let alone = messages
        .iter()
        .map(|message| (Envelope::read(&message.properties()), message.body.clone()));
    assert_eq!(unpacked(&packed), [alone.collect::<Vec<_>>()]);
}

#[test]
fn the_first_seen_of_a_bundle_is_that_of_its_oldest_record() {
    let mut messages = live(0..2);
    messages[1].envelope.first_seen_ms = 5;
    let around = &pack(&messages, MOST)[0].envelope;
    assert_eq!((around.first_seen_ms, around.attempt), (5, 1));
    assert!(
        around.message_id.starts_with("Bundle:2:CompanyRef:0:"),
        "{around:?}"
    );
}

#[test]
fn a_bundle_is_bounded_by_count_and_bytes() {
    assert_eq!(
        ids(&pack(&live(0..7), MOST)),
        [&["0", "1", "2"][..], &["3", "4", "5"], &["6"]]
    );
    let two = BundleConfig {
        records: 100,
        refs: 100,
        bytes: 2 * BESIDE + 100,
    };
    assert_eq!(ids(&pack(&live(0..4), two)), [["0", "1"], ["2", "3"]]);
    // One that does not fit anywhere does not hold up the others.
    let large = Outgoing::to(
        Stage::Transform,
        &CompanySnapshot {
            company_id: "9".into(),
            detail_json: vec![b' '; 20_000].into(),
            ..CompanySnapshot::default()
        },
    );
    let messages = [live(0..1), vec![large], live(1..2)].concat();
    assert_eq!(ids(&pack(&messages, MOST)), [&["9"][..], &["0", "1"]]);
}

#[test]
fn refs_are_shared_by_many_replicas() {
    let few = BundleConfig { refs: 2, ..MOST };
    assert_eq!(
        ids(&pack(&live(0..5), few)),
        [&["0", "1"][..], &["2", "3"], &["4"]]
    );
}

#[test]
fn lanes_kinds_and_queues_never_mix() {
    let messages = [
        reference(0, Lane::Live),
        reference(1, Lane::Backfill),
        reference(2, Lane::Live),
        reference(3, Lane::Backfill),
        reference(4, Lane::Live).with_lane(Some("replay".into())),
    ];
    let packed = pack(&messages, MOST);
    assert_eq!(ids(&packed), [&["0", "2"][..], &["1", "3"], &["4"]]);
    let lanes: Vec<_> = unpacked(&packed)
        .into_iter()
        .map(|records| records[0].0.lane.clone())
        .collect();
    assert_eq!(lanes, [None, Some("backfill".into()), Some("replay".into())]);
}

#[test]
fn what_failed_waits_or_was_put_back_travels_alone() {
    let changed = |change: fn(&mut Outgoing)| {
        let mut messages = live(0..2);
        change(&mut messages[1]);
        pack(&messages, MOST).len()
    };
    assert_eq!(changed(|_| {}), 1);
    assert_eq!(changed(|message| message.envelope.history = "[]".into()), 2);
    assert_eq!(changed(|message| message.envelope.failure = Some("{}".into())), 2);
    assert_eq!(changed(|message| message.envelope.suspect = true), 2);
    assert_eq!(
        changed(|message| message.queue = Target::Queue("t.extract".into())),
        2
    );
    assert_eq!(
        changed(|message| *message = message.clone().expiring(std::time::Duration::from_secs(1))),
        2
    );
    let single = BundleConfig { records: 1, ..MOST };
    assert_eq!(pack(&live(0..3), single).len(), 3);
}

#[test]
fn what_is_no_bundle_says_so() {
    let around = Envelope::default();
    assert!(unpack(&around, Bytes::from_static(b"\xff\xff")).is_err());
    assert_eq!(unpack(&around, Bytes::new()).unwrap_err(), "no records");
}

#[test]
fn a_bundle_that_was_put_back_is_reported_by_its_records() {
    let packed = pack(&live(0..2), MOST)[0].clone().into_owned();
    let mut around = packed.envelope.clone();
    around.replay = Some("plan/letter".into());
    around.lane = Some("replay".into());
    let records = unpack(&around, packed.body).unwrap();
    let tags: Vec<_> = records
        .iter()
        .map(|(envelope, _)| (envelope.replay.as_deref(), envelope.lane.as_deref()))
        .collect();
    assert_eq!(
        tags,
        [
            (Some("plan/letter#1:2"), Some("replay")),
            (Some("plan/letter#2:2"), Some("replay"))
        ]
    );
}
