//! Judging: each fault turns the verdict, names itself and says what to do.

use super::{facts::Depths, *};
use crate::{browse::Group, when};
use jiff::Timestamp;
use pipeline::{
    accounting::BalanceCheck,
    comparison::{Compared, Side},
    gate::{Pause, StandingPause},
    heartbeat::{Heartbeat, Replica},
};
use serde_json::Value;
use std::collections::BTreeMap;

const NOW_MS: i64 = 1_800_000_000_000;
const NONE: Depths = Depths {
    waiting: 0,
    retrying: 0,
    dead: Some(0),
};

fn replica(program: &str, heard_ms_ago: i64) -> Replica {
    Replica {
        heartbeat: Heartbeat {
            service: program.into(),
            instance: format!("host-{program}"),
            version: "1.0.0".into(),
            generations: BTreeMap::new(),
            since: Timestamp::UNIX_EPOCH,
            draining: false,
            paused: Vec::new(),
            status: Value::Null,
        },
        heard_ms_ago,
    }
}

fn well() -> Facts {
    Facts {
        now_ms: NOW_MS,
        replicas: ["extractor", "transformer", "loader"]
            .map(|program| replica(program, 1_000))
            .to_vec(),
        check: BalanceCheck {
            queues: Some(BTreeMap::new()),
            ..BalanceCheck::default()
        },
        checkpoint: Some(NOW_MS / 1_000 - 5),
        listed_ms: Some(NOW_MS - 5_000),
        checkpoint_limit_s: 3_600,
        depths: Some([NONE; 3]),
        ..Facts::default()
    }
}

/// The verdict, and what stands first with its remedy.
fn judged(facts: &Facts) -> (Verdict, String, String) {
    let overview = Overview::of(facts);
    let first = overview.findings.first();
    let (seen, remedy) = first
        .map(|first| (first.seen.clone(), first.remedy.clone()))
        .unwrap_or_default();
    (overview.verdict, seen, remedy)
}

fn with(change: impl FnOnce(&mut Facts)) -> (Verdict, String, String) {
    let mut facts = well();
    change(&mut facts);
    judged(&facts)
}

#[test]
fn nothing_wrong_is_well_and_has_no_findings() {
    let overview = Overview::of(&well());
    assert_eq!(
        (overview.verdict, overview.findings.len()),
        (Verdict::Well, 0),
        "{overview:?}"
    );
    assert_eq!(overview.sentence, "all is well");
    assert!(overview.stages.iter().all(|stage| stage.replicas == 1));
}

#[test]
fn a_stage_that_nobody_works_at_is_named() {
    for program in ["transformer", "loader"] {
        let (verdict, seen, remedy) = with(|facts| {
            facts
                .replicas
                .retain(|replica| replica.heartbeat.service != program);
        });
        assert_eq!(verdict, Verdict::NotWell);
        assert_eq!(seen, format!("no {program} runs"));
        assert!(remedy.contains(&format!("`{program} run`")), "{remedy}");
    }
    assert_eq!(
        with(|facts| facts.replicas[2].heartbeat.draining = true).1,
        "no loader runs"
    );
    // An extractor that others start now and then has listed lately, or it has not.
    let gone = |facts: &mut Facts| {
        facts.replicas.remove(0);
    };
    assert_eq!(with(gone).0, Verdict::Well);
    let killed = |facts: &mut Facts| {
        gone(facts);
        facts.last_ms_ago.insert("extractor".into(), 130_000);
    };
    let (verdict, seen, _) = with(killed);
    assert_eq!(verdict, Verdict::NotWell, "one that runs is no schedule's");
    assert_eq!(seen, "no extractor runs; the last one was heard 2m ago");
    let gone_long = |facts: &mut Facts| {
        gone(facts);
        facts.listed_ms = Some(NOW_MS - 4_000_000);
    };
    assert_eq!(with(gone_long).0, Verdict::NotWell);
}

#[test]
fn a_silent_replica_is_no_replica() {
    let (verdict, ..) = with(|facts| facts.replicas[2].heard_ms_ago = 20_000);
    assert_eq!(verdict, Verdict::NotWell);
    // Beside one that works it is only told.
    let mut facts = well();
    facts.replicas.push(replica("loader", 65_000));
    let overview = Overview::of(&facts);
    assert_eq!(overview.verdict, Verdict::Well);
    assert_eq!(overview.findings[0].seen, "host-loader has said nothing for 65s");
    assert_eq!(overview.stages[2].replicas, 1);
}

#[test]
fn pauses_are_told_once_each_with_their_remedy() {
    let pause = |reason, at: i64| StandingPause {
        reason,
        detail: "the key was refused".into(),
        since: Timestamp::from_millisecond(NOW_MS - at).unwrap(),
    };
    let mut facts = well();
    facts.replicas[2].heartbeat.paused = vec![pause(Pause::Credentials, 5_000)];
    let mut second = replica("loader", 1_000);
    second.heartbeat.paused = vec![pause(Pause::Credentials, 9_000)];
    facts.replicas.push(second);
    let overview = Overview::of(&facts);
    let [finding] = overview.findings.as_slice() else {
        panic!("{overview:?}")
    };
    assert!(finding.seen.starts_with("2 of 2 pause since "), "{finding:?}");
    assert!(finding.seen.ends_with(": the key was refused"), "{finding:?}");
    assert!(finding.remedy.contains("`loader check`"), "{finding:?}");
    assert_eq!(overview.verdict, Verdict::NotWell);
    // To wait is no fault.
    for (reason, at, verdict) in [
        (Pause::Quota, 5_000, Verdict::Well),
        (Pause::Starting, 5_000, Verdict::Well),
        (Pause::Starting, 90_000, Verdict::NotWell),
        (Pause::Outage, 5_000, Verdict::NotWell),
        (Pause::Keyless, 5_000, Verdict::NotWell),
        (Pause::Operator, 5_000, Verdict::Well),
    ] {
        let judged = with(|facts| facts.replicas[1].heartbeat.paused = vec![pause(reason, at)]);
        assert_eq!(judged.0, verdict, "{reason:?} {at}");
    }
}

#[test]
fn dead_letters_are_named_by_their_groups_where_they_are_known() {
    let dead = |facts: &mut Facts| {
        let seven = Depths {
            dead: Some(7),
            ..NONE
        };
        facts.depths = Some([NONE, NONE, seven]);
    };
    let (verdict, seen, remedy) = with(dead);
    assert_eq!(verdict, Verdict::NotWell);
    assert_eq!(seen, "7 dead letters");
    assert!(remedy.contains("`loader dead groups`"), "{remedy}");
    // Those that somebody holds may be there.
    let held = |facts: &mut Facts| {
        let unknown = Depths { dead: None, ..NONE };
        facts.depths = Some([NONE, NONE, unknown]);
    };
    assert!(with(held).1.starts_with("somebody looks"));
    let group = |count, field: Option<&str>| Group {
        group: format!("1f00c0d{count}"),
        code: "row-refused".into(),
        field: field.map(str::to_owned),
        count,
        ..Group::default()
    };
    let (_, seen, remedy) = with(|facts| {
        dead(facts);
        let groups = vec![
            group(4, Some("客户名称")),
            group(1, None),
            group(1, None),
            group(1, None),
        ];
        facts.groups.insert("load", groups);
    });
    assert_eq!(
        seen,
        "7 dead letters: 4 × row-refused 客户名称, 1 × row-refused, 1 × row-refused and 1 more groups"
    );
    assert!(remedy.contains("dead plan --group 1f00c0d4"), "{remedy}");
}

#[test]
fn late_customers_old_and_future_checkpoints_and_differences_are_faults() {
    let (verdict, seen, remedy) = with(|facts| facts.oldest = Some(("77".into(), NOW_MS - 1_000_000)));
    assert_eq!(verdict, Verdict::NotWell);
    assert!(seen.starts_with("77 was listed as changed 16m ago"), "{seen}");
    assert!(remedy.contains("loader trace 77"), "{remedy}");
    assert_eq!(
        with(|facts| facts.oldest = Some(("77".into(), NOW_MS - 60_000))).0,
        Verdict::Well
    );
    let checkpoint = |at: Option<i64>| with(|facts| facts.listed_ms = at.map(|at| NOW_MS + at * 1_000)).0;
    assert_eq!(checkpoint(Some(-3_000)), Verdict::Well);
    assert_eq!(checkpoint(Some(-4_000)), Verdict::NotWell);
    assert_eq!(checkpoint(Some(30)), Verdict::Well);
    assert_eq!(checkpoint(Some(4_000)), Verdict::NotWell);
    assert_eq!(checkpoint(None), Verdict::Well);
    let (verdict, ..) = with(|facts| facts.check.differences.push("3 dead letters are gone".into()));
    assert_eq!(verdict, Verdict::NotWell);
}

#[test]
fn without_the_broker_nobody_can_tell_unless_something_else_is_wrong() {
    let away = |facts: &mut Facts| {
        facts.check.queues = None;
        facts.depths = None;
    };
    assert_eq!(with(away).0, Verdict::Unknown);
    let both = |facts: &mut Facts| {
        away(facts);
        facts.replicas.clear();
    };
    assert_eq!(with(both).0, Verdict::NotWell);
}

#[test]
fn the_sentence_names_the_first_fault_and_counts_the_others() {
    let mut facts = well();
    facts.replicas.truncate(2);
    assert_eq!(Overview::of(&facts).sentence, "not well: loader: no loader runs");
    facts.replicas.truncate(1);
    assert_eq!(
        Overview::of(&facts).sentence,
        "not well: transformer: no transformer runs; and 1 more"
    );
}

/// Whoever waits for changes has to know until when, from the first moment on.
#[test]
fn a_quota_that_is_used_up_says_until_when_changes_wait() {
    let waiting = |until_ms: i64| {
        let until = Timestamp::from_millisecond(NOW_MS + until_ms).unwrap();
        let mut facts = well();
        facts.replicas[0].heartbeat.paused = vec![StandingPause {
            reason: Pause::Quota,
            detail: format!("list customers: daily quota of okki is used up until {until}"),
            since: Timestamp::from_millisecond(NOW_MS - 5_000).unwrap(),
        }];
        Overview::of(&facts)
    };
    let until = when::time(NOW_MS + 3 * 3_600_000);
    let overview = waiting(3 * 3_600_000);
    assert_eq!(overview.verdict, Verdict::NotWell);
    let expected = format!("not well: extractor: changes wait until {until}: ");
    assert!(overview.sentence.starts_with(&expected), "{}", overview.sentence);
    assert!(overview.findings[0].remedy.contains("OKKI_DAILY"), "{overview:?}");
    // A moment's wait is told, and no fault.
    let overview = waiting(60_000);
    assert_eq!(overview.verdict, Verdict::Well);
    let until = when::time(NOW_MS + 60_000);
    let expected = format!("all is well but for a wait: extractor: changes wait until {until}: ");
    assert!(overview.sentence.starts_with(&expected), "{}", overview.sentence);
    // Backfills wait for the next day, and changes do not.
    let mut facts = well();
    let until = Timestamp::from_millisecond(NOW_MS + 60_000).unwrap();
    facts.replicas[0].heartbeat.status = serde_json::json!({ "backfills_wait_until": until.to_string() });
    let overview = Overview::of(&facts);
    assert_eq!((overview.verdict, overview.findings.len()), (Verdict::Well, 1));
    assert!(
        overview.findings[0].seen.contains("replays wait until"),
        "{overview:?}"
    );
    facts.now_ms += 120_000;
    facts.checkpoint = Some(facts.now_ms / 1_000);
    assert!(Overview::of(&facts).findings.is_empty());
}

#[test]
fn what_a_comparison_has_left_open_is_told_until_one_is_clean() {
    let compared = |open, fixes, remedies: &str| Compared {
        at_ms: NOW_MS - 7_200_000,
        open,
        fixes,
        kinds: vec![("missing".into(), open), ("stale".into(), 0)],
        examples: vec!["77".into()],
        remedies: remedies.into(),
    };
    let told = |side, last| with(|facts| facts.compared = vec![(side, last)]);
    let (verdict, seen, remedy) = told(Side::Source, compared(2, false, ""));
    assert_eq!(verdict, Verdict::NotWell);
    assert!(
        seen.contains("has left 2 customers open (missing 2), such as 77"),
        "{seen}"
    );
    assert!(remedy.contains("`extractor reconcile --fix`"), "{remedy}");
    let (_, seen, remedy) = told(Side::Form, compared(1, true, "put them back"));
    assert!(seen.contains("with the form"), "{seen}");
    assert!(
        remedy.starts_with("put them back; then `loader reconcile`"),
        "{remedy}"
    );
    assert_eq!(told(Side::Source, compared(0, false, "")).0, Verdict::Well);
}

#[test]
fn late_changes_are_a_risk_for_a_day() {
    let late = |ago_ms: i64| {
        let mut facts = well();
        facts.late = Some(LateChanges {
            late: 3,
            oldest: NOW_MS / 1_000 - 9_000,
            at_ms: NOW_MS - ago_ms,
        });
        Overview::of(&facts)
    };
    let overview = late(1_000);
    assert_eq!(overview.verdict, Verdict::Well);
    let expected = "all is well but for a risk: listing: the listing showed 3 changes late";
    assert!(overview.sentence.starts_with(expected), "{}", overview.sentence);
    assert_eq!(late(90_000_000).sentence, "all is well");
}

#[test]
fn a_listing_that_shows_nobody_any_more_is_not_well_and_one_that_was_short_is_a_risk() {
    let mut facts = well();
    facts.nobody = Some(NOW_MS / 1_000 - 60);
    let overview = Overview::of(&facts);
    assert_eq!(overview.verdict, Verdict::NotWell);
    let expected = "not well: listing: OKKI lists nobody any more since";
    assert!(overview.sentence.starts_with(expected), "{}", overview.sentence);
    let mut facts = well();
    facts.short = vec![Shortfall {
        short: 61,
        expected: 1_000,
        at_ms: NOW_MS - 1_000,
    }];
    let overview = Overview::of(&facts);
    assert_eq!(overview.verdict, Verdict::Well);
    let expected = "all is well but for a risk: listing: OKKI counts 1000 customers and has shown 61 fewer";
    assert!(overview.sentence.starts_with(expected), "{}", overview.sentence);
}

/// What a part of the listing keeps back is in no queue and in no account.
#[test]
fn a_part_of_the_listing_that_waits_for_minutes_is_named() {
    let kept = |for_ms: i64| {
        let mut facts = well();
        facts.kept = vec![("deleted customers: refused".to_owned(), NOW_MS - for_ms)];
        Overview::of(&facts)
    };
    assert_eq!(kept(60_000).sentence, "all is well");
    let overview = kept(600_000);
    assert_eq!(overview.verdict, Verdict::Well);
    assert_eq!(
        overview.sentence,
        "all is well but for a risk: listing: a part of the listing waits for 10m: deleted customers: refused"
    );
}

/// What cannot be read is no matter of waiting.
#[test]
fn seconds_that_cannot_be_read_are_named_at_once() {
    let mut facts = well();
    facts.unread = Some((
        "2 places with rows that nobody is known of".to_owned(),
        NOW_MS - 2_000,
    ));
    let overview = Overview::of(&facts);
    assert!(
        overview
            .sentence
            .starts_with("all is well but for a risk: listing: "),
        "{}",
        overview.sentence
    );
}

/// Listing is a matter of seconds, fetching one of hours: until a first load has ended once, rows are missing.
#[test]
fn a_first_load_is_not_well_until_it_has_ended() {
    let loads = |first: Option<Load>, backfill: Option<Load>| {
        let mut facts = well();
        facts.loads = Loads { first, backfill };
        Overview::of(&facts)
    };
    let some = |done, total| Some(Load { done, total });
    let overview = loads(some(344, 3_000), None);
    assert_eq!(overview.verdict, Verdict::Loading);
    assert_eq!(overview.sentence, "first load: 344 of 3000 customers are done");
    assert!(overview.findings[0].remedy.contains("`extractor status`"));
    let begins = loads(some(0, 0), None).sentence;
    assert_eq!(begins, "first load: it has listed nobody so far");
    let overview = loads(None, some(1, 2));
    assert_eq!(overview.verdict, Verdict::Well, "somebody has asked for it");
    assert_eq!(overview.findings[0].seen, "backfill: 1 of 2 customers are done");
    let mut facts = well();
    facts.loads.first = some(1, 2);
    facts.replicas.remove(2);
    assert_eq!(judged(&facts).1, "no loader runs", "a fault comes first");
}

/// After setting up once more with the first customers only, changes were missing, and all was said to be well.
#[test]
fn nobody_who_lists_is_named_at_once() {
    let off = |begun: Option<i64>| {
        with(|facts| {
            facts.replicas[0].heartbeat.status = serde_json::json!({"listing": "off"});
            facts.replicas[0].heartbeat.since = Timestamp::from_millisecond(NOW_MS - 60_000).unwrap();
            facts.live_begun_ms = begun;
        })
    };
    let (verdict, seen, remedy) = off(Some(NOW_MS - 70_000));
    assert_eq!(verdict, Verdict::NotWell);
    assert!(seen.starts_with("nobody lists (LISTING=off)"), "{seen}");
    assert!(remedy.contains("/setup"), "{remedy}");
    assert_eq!(off(None).0, Verdict::NotWell);
    assert_eq!(off(Some(NOW_MS - 50_000)).0, Verdict::Well, "a schedule lists");
    let two = with(|facts| {
        facts.replicas[0].heartbeat.status = serde_json::json!({"listing": "off"});
        facts.replicas.push(replica("extractor", 1_000));
        facts.replicas[3].heartbeat.status = serde_json::json!({"listing": "on"});
    });
    assert_eq!(two.0, Verdict::Well, "another one lists");
}

/// Whoever obeys a vendor does nothing wrong; without a word nobody knows why it waits.
#[test]
fn a_limit_that_a_vendor_has_named_is_told_until_it_is_over() {
    let told = |left: u64, until_ms: i64| {
        let limit = serde_json::json!({"bucket": "okki", "left": left, "until_ms": until_ms});
        let mut facts = well();
        facts.replicas[0].heartbeat.status = serde_json::json!({ "vendor_limits": [limit] });
        Overview::of(&facts)
    };
    let overview = told(0, NOW_MS + 60_000);
    assert_eq!((overview.verdict, overview.findings.len()), (Verdict::Well, 1));
    let (finding, until) = (&overview.findings[0], when::time(NOW_MS + 60_000));
    assert_eq!(finding.what, "extractor");
    assert!(
        finding.seen.contains(&format!("okki until {until}")),
        "{finding:?}"
    );
    assert!(
        told(5, NOW_MS + 60_000).findings.is_empty(),
        "there are calls left"
    );
    assert!(told(0, NOW_MS - 1).findings.is_empty(), "it is over");
}

#[test]
fn a_broker_that_takes_no_events_for_long_is_no_well_pipeline() {
    let told = |since_ms: i64| {
        let mut facts = well();
        let refused = serde_json::json!({"since_ms": since_ms, "why": "access refused"});
        facts.replicas[1].heartbeat.status = serde_json::json!({ "events_refused": refused });
        Overview::of(&facts)
    };
    assert_eq!(told(NOW_MS - 5_000).verdict, Verdict::Well, "a blip");
    let overview = told(NOW_MS - 120_000);
    assert_eq!(overview.verdict, Verdict::NotWell);
    let [finding] = &overview.findings[..] else {
        panic!("{overview:?}")
    };
    assert!(finding.seen.contains("access refused"), "{finding:?}");
}

#[test]
fn a_condition_that_drops_everybody_is_told() {
    let told = |passed: u64, dropped: u64, loaded: u64, filtered: u64| {
        let mut facts = well();
        let counts = serde_json::json!({"passed": passed, "dropped": dropped});
        facts.replicas[1].heartbeat.status = serde_json::json!({ "condition": counts });
        (facts.check.total.loaded, facts.check.total.filtered) = (loaded, filtered);
        let overview = Overview::of(&facts);
        (
            overview.verdict,
            overview.findings.into_iter().map(|finding| finding.seen).next(),
        )
    };
    let (verdict, seen) = told(0, 20, 0, 20);
    assert_eq!(verdict, Verdict::NotWell);
    assert!(seen.unwrap().contains("dropped all 20 customers"));
    // After a restart the account still knows.
    assert_eq!(told(0, 0, 0, 20).0, Verdict::NotWell);
    assert_eq!(told(0, 19, 0, 19), (Verdict::Well, None));
    let (verdict, seen) = told(0, 100, 500, 100);
    assert_eq!(verdict, Verdict::Well);
    assert!(seen.unwrap().contains("100 of 100"));
    assert_eq!(told(1, 1_000, 500, 1_000), (Verdict::Well, None));
    assert_eq!(told(1, 1_000, 0, 1_000), (Verdict::Well, None));
}
