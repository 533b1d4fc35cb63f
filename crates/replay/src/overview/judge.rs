//! What is not as it should be, and what to do about it.

use super::{
    comparisons, condition, events,
    facts::Facts,
    listing, loads,
    stages::{Paused, StageView},
    vendors,
};
use crate::{browse::Group, when};
use pipeline::{doctor::Finding, gate::Pause};
use std::time::Duration;

/// A listed change that takes longer to reach the form waits for something.
const LATE_S: i64 = 15 * 60;
/// A process that starts for longer waits for something.
const STARTS_S: i64 = 60;
/// Groups of dead letters that are named.
const GROUPS_NAMED: usize = 3;

pub(super) fn findings(facts: &Facts, stages: &[StageView]) -> Vec<Finding> {
    let mut found = Vec::new();
    for stage in stages {
        found.extend(working(facts, stage));
        found.extend(stage.paused.iter().map(|paused| pausing(facts, stage, paused)));
        found.extend(dead(facts, stage));
    }
    found.extend(facts.check.differences.iter().map(|difference| {
        Finding::bad(
            words::text!("account"),
            difference,
            words::text!("`loader books` names the customers; `extractor sync --full` lists everybody again"),
        )
    }));
    found.extend(late(facts));
    found.extend(backfills(facts));
    found.extend(vendors::findings(facts));
    found.extend(events::findings(facts));
    found.extend(condition::findings(facts));
    found.extend(loads::findings(facts));
    found.extend(listing::findings(facts));
    found.extend(comparisons::findings(&facts.compared));
    if facts.depths.is_none() {
        found.push(Finding::risk(
            words::text!("broker"),
            words::text!("it does not answer, so nobody knows what waits and what is dead"),
            words::text!("see whether RabbitMQ runs and AMQP_URL is right; any program's `doctor` says more"),
        ));
    }
    found
}

pub(super) fn ago(seconds: i64) -> String {
    when::span(Duration::from_secs(seconds.unsigned_abs()))
}

fn working(facts: &Facts, stage: &StageView) -> Vec<Finding> {
    let program = stage.program;
    let silent = stage.silent.iter().map(|silent| {
        let seen = words::tr!("{} has said nothing for {}", silent.instance, ago(silent.for_s));
        let remedy = words::text!("it has died or cannot reach Redis; its log says which");
        Finding::risk(program, seen, remedy)
    });
    let mut found: Vec<_> = silent.collect();
    if stage.replicas > 0 {
        return found;
    }
    let start = words::tr!("start it: `{program} run`");
    let last = facts.last_ms_ago.get(program).copied();
    // One that lists by a schedule of others, such as a CronJob, runs only then, and was never heard.
    let is_recent = facts
        .freshness()
        .checkpoint_age_s
        .is_some_and(|age| (0..facts.checkpoint_limit_s).contains(&age));
    found.push(match last {
        None if stage.stage == "extract" && is_recent => {
            let start = words::tr!("{start}; where a schedule starts it (CronJob), this is as it should be");
            Finding::risk(program, words::tr!("no {program} runs"), start)
        }
        None => Finding::bad(program, words::tr!("no {program} runs"), start),
        Some(last) => {
            let seen = words::tr!(
                "no {program} runs; the last one was heard {} ago",
                ago(last / 1_000)
            );
            Finding::bad(program, seen, start)
        }
    });
    found
}

fn pausing(facts: &Facts, stage: &StageView, paused: &Paused) -> Finding {
    let Paused { pause, replicas } = paused;
    let for_s = (facts.now_ms - pause.since.as_millisecond()).max(0) / 1_000;
    let detail = when::retold(&pause.detail);
    let seen = words::tr!(
        "{replicas} of {} pause since {}: {detail}",
        stage.replicas,
        when::time(pause.since.as_millisecond())
    );
    let (seen, until) = match pause.reason {
        Pause::Quota => match until(&pause.detail) {
            Some(until) => {
                let at = when::time(until);
                (words::tr!("changes wait until {at}: {seen}"), Some(until))
            }
            None => (
                words::tr!("changes wait until calls are taken again: {seen}"),
                None,
            ),
        },
        _ => (seen, None),
    };
    let remedy = match until {
        Some(_) if stage.program == "extractor" => words::text!(
            "nothing: it goes on by itself then; where that is too late, raise the limit (OKKI_DAILY), or lower what backfills may use of it (OKKI_BACKFILL_SHARE)"
        )
        .to_owned(),
        _ => remedy(pause.reason, stage.program),
    };
    // Whatever changes now will be late.
    let waits_long = until.is_some_and(|until| until - facts.now_ms > LATE_S * 1_000)
        || (pause.reason == Pause::Quota && for_s > LATE_S);
    if waits_long {
        return Finding::bad(stage.program, seen, remedy);
    }
    let is_new = pause.reason == Pause::Starting && for_s < STARTS_S;
    // Nothing needs to be done but to wait, or somebody wants it so.
    if is_new || matches!(pause.reason, Pause::Quota | Pause::Index | Pause::Operator) {
        Finding::risk(stage.program, seen, remedy)
    } else {
        Finding::bad(stage.program, seen, remedy)
    }
}

/// Unix milliseconds of the last time that is named as an end.
fn until(detail: &str) -> Option<i64> {
    let (_, after) = detail.rsplit_once("until ")?;
    let text = after.split([' ', ',', ';', ')']).next()?;
    let until: jiff::Timestamp = text.trim_end_matches('.').parse().ok()?;
    Some(until.as_millisecond())
}

/// Backfills and replays that wait for the next day: changes go on, so that it is told and no fault.
fn backfills(facts: &Facts) -> Option<Finding> {
    let of_extractors = facts.replicas.iter().filter(|replica| !replica.is_silent());
    let told = of_extractors.filter_map(|replica| replica.heartbeat.status["backfills_wait_until"].as_str());
    let until = told.filter_map(|text| text.parse::<jiff::Timestamp>().ok());
    let until = until.map(jiff::Timestamp::as_millisecond).max()?;
    (until > facts.now_ms).then(|| {
        let seen = words::tr!(
            "backfills, first loads and replays wait until {}: what is left of the day's calls is kept for changes",
            when::time(until)
        );
        let remedy = words::text!("nothing: they go on by themselves then; OKKI_BACKFILL_SHARE says how much they may use");
        Finding::risk("extractor", seen, remedy)
    })
}

fn remedy(reason: Pause, program: &str) -> String {
    match reason {
        Pause::Starting => words::tr!("wait a moment; if it stays, `{program} doctor` says what is missing"),
        Pause::Broker => {
            words::tr!("see whether RabbitMQ runs and has room; `{program} doctor` says what is wrong")
        }
        Pause::Redis => {
            words::tr!("see whether Redis runs and has memory; `{program} doctor` says what is wrong")
        }
        Pause::Credentials => {
            words::tr!("renew the key or its rights, then `{program} check`; it goes on by itself")
        }
        Pause::Outage => words::tr!("nothing: it goes on by itself as soon as the vendor answers again"),
        Pause::Quota => words::tr!("nothing: it goes on by itself when the quota is renewed"),
        Pause::Configuration => {
            words::tr!("do what it says, then `{program} check`; it goes on by itself")
        }
        Pause::Index => words::tr!("nothing: it goes on by itself when the form has been read"),
        Pause::Keyless => {
            words::tr!("`loader adopt` shows which rows belong to which customers, and gives them their keys")
        }
        Pause::Operator => words::tr!("`{program} resume` lets it work again"),
        Pause::Setup => words::tr!("open /setup of the desk, or type `desk setup`"),
    }
}

fn dead(facts: &Facts, stage: &StageView) -> Option<Finding> {
    let program = stage.program;
    let count = match stage.dead {
        Some(0) => return None,
        Some(count) => count,
        None if facts.depths.is_none() => return None,
        None => {
            let seen =
                words::text!("somebody looks at the dead letters; whether there are any shows afterwards");
            let remedy = words::text!("look again in a moment");
            return Some(Finding::risk(program, seen, remedy));
        }
    };
    let groups = facts.groups.get(stage.stage).map_or(&[][..], Vec::as_slice);
    let seen = match named(groups) {
        named if named.is_empty() => words::tr!("{count} dead letters"),
        named => words::tr!("{count} dead letters: {named}"),
    };
    let remedy = match groups.first() {
        Some(Group { group, .. }) => words::tr!(
            "`{program} dead list --group {group}` shows the largest group, `{program} dead plan --group {group} --reason …` puts it back"
        ),
        None => words::tr!("`{program} dead groups` says why, and what to do next"),
    };
    Some(Finding::bad(program, seen, remedy))
}

fn named(groups: &[Group]) -> String {
    let shown = groups.iter().take(GROUPS_NAMED).map(|group| {
        let field = group.field.as_deref().map(|field| format!(" {field}"));
        format!("{} × {}{}", group.count, group.code, field.unwrap_or_default())
    });
    let mut text = words::list(&shown.collect::<Vec<_>>());
    if let more @ 1.. = groups.len().saturating_sub(GROUPS_NAMED) {
        text += &words::tr!(" and {more} more groups");
    }
    text
}

fn late(facts: &Facts) -> Option<Finding> {
    let freshness = facts.freshness();
    let (oldest, for_s) = (freshness.oldest?, freshness.oldest_s?);
    (for_s > LATE_S).then(|| {
        let seen = words::tr!(
            "{oldest} was listed as changed {} ago and is not finished",
            ago(for_s)
        );
        let remedy = words::tr!("`loader trace {oldest}` says where it is");
        Finding::bad(words::text!("freshness"), seen, remedy)
    })
}
