//! What may not run beside each other, and who is next.
//!
//! The newest of each generation is what everybody goes to, be it a replica's that runs or that of the program that asks.

use super::super::finding::Finding;
use crate::{
    generations::{self, Mix, Shared},
    heartbeat::{Heartbeat, Replica},
    stage::Stage,
};
use std::collections::BTreeMap;

/// Consumers before who publishes to them; the desk only reads.
const ORDER: [&str; 4] = ["loader", "transformer", "extractor", "desk"];

/// One finding for each thing of which two generations run at the same time.
pub(super) fn mixed(heard: &[Replica]) -> Vec<Finding> {
    generations::ALL
        .iter()
        .filter_map(|shared| mix(shared, heard))
        .collect()
}

fn mix(shared: &Shared, heard: &[Replica]) -> Option<Finding> {
    let mut of: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    let sharers = heard
        .iter()
        .filter(|replica| shared.is_shared_by(&replica.heartbeat.service));
    for Replica { heartbeat, .. } in sharers {
        of.entry(shared.of(&heartbeat.generations))
            .or_default()
            .push(&heartbeat.instance);
    }
    let newest = of.keys().next_back().copied()?;
    let older: Vec<&str> = of
        .into_iter()
        .filter(|(generation, _)| *generation < newest)
        .flat_map(|(_, instances)| instances)
        .collect();
    if older.is_empty() {
        return None;
    }
    let (older, effect) = (older.join(", "), words::said(shared.effect));
    Some(match shared.mix {
        Mix::Never => Finding::bad(
            words::mark!("beside each other"),
            words::tr!("these run beside newer ones and must not: {older}; {effect}"),
            words::tr!("stop them now; their messages go to the others"),
        ),
        Mix::ConsumersFirst => Finding::risk(
            words::mark!("beside each other"),
            words::tr!("these are older than others: {older}; {effect}"),
            words::tr!(
                "nothing is lost; go on with the upgrade, in the order loader, transformer, extractor"
            ),
        ),
    })
}

/// Who has to be brought to the newest version next.
pub(super) fn next(heard: &[Replica]) -> Finding {
    const WHAT: &str = words::mark!("next");
    let newest = newest(heard);
    let is_older =
        |heartbeat: &Heartbeat| version(&heartbeat.version) < newest.0 || older(heartbeat, &newest.1);
    let behind = |program: &&str| {
        heard
            .iter()
            .any(|replica| replica.heartbeat.service == *program && is_older(&replica.heartbeat))
    };
    let left: Vec<&str> = ORDER.into_iter().filter(behind).collect();
    let Some((program, rest)) = left.split_first() else {
        return Finding::good(WHAT, words::tr!("nobody is of an older version"));
    };
    let alone = generations::ALL.iter().any(|shared| {
        let changes = heard.iter().any(|replica| {
            let Heartbeat {
                service, generations, ..
            } = &replica.heartbeat;
            service == program && shared.of(generations) < newest.1[shared.name]
        });
        shared.mix == Mix::Never && shared.is_shared_by(program) && changes
    });
    let seen = match rest {
        [] => (*program).to_owned(),
        _ => words::tr!("{program}, then: {}", rest.join(", ")),
    };
    let remedy = match alone {
        true => words::tr!("stop every {program} of the older version, then start those of the newer one"),
        false => words::tr!("replace the replicas of the {program} one after the other, in any way"),
    };
    Finding::risk(WHAT, seen, remedy)
}

/// The newest version and generations of anybody, this program among them.
fn newest(heard: &[Replica]) -> (Vec<u64>, BTreeMap<String, u32>) {
    let (mut newest, mut all) = (version(env!("CARGO_PKG_VERSION")), generations::ours());
    for Replica { heartbeat, .. } in heard {
        newest = newest.max(version(&heartbeat.version));
        for (name, generation) in &heartbeat.generations {
            let known = all.entry(name.clone()).or_default();
            *known = (*known).max(*generation);
        }
    }
    (newest, all)
}

/// Whether it lacks a generation that others of its program would have.
fn older(heartbeat: &Heartbeat, newest: &BTreeMap<String, u32>) -> bool {
    let is_of_stage = Stage::ALL
        .iter()
        .any(|stage| stage.program() == heartbeat.service);
    let said = |name: &String| heartbeat.generations.get(name).copied().unwrap_or(1);
    is_of_stage && newest.iter().any(|(name, generation)| said(name) < *generation)
}

/// The numbers of a version, for their order.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    fn replica(program: &str, generations: BTreeMap<String, u32>) -> Replica {
        let instance = format!("{program}-{}", generations.len());
        let heartbeat = Heartbeat {
            service: program.into(),
            instance,
            version: env!("CARGO_PKG_VERSION").into(),
            generations,
            since: jiff::Timestamp::UNIX_EPOCH,
            draining: false,
            paused: Vec::new(),
            status: serde_json::Value::Null,
        };
        Replica {
            heartbeat,
            heard_ms_ago: 0,
        }
    }

    fn old(program: &str) -> Replica {
        replica(program, BTreeMap::new())
    }

    fn new(program: &str) -> Replica {
        replica(program, generations::ours())
    }

    #[test]
    fn replicas_of_one_version_have_nothing_before_them() {
        let all = [new("extractor"), new("transformer"), new("loader"), old("desk")];
        assert!(mixed(&all).is_empty());
        assert_eq!(next(&all).health, Health::Good);
        assert_eq!(next(&[]).health, Health::Good);
    }

    #[test]
    fn loaders_of_two_indexes_must_not_run_beside_each_other() {
        let found = mixed(&[old("loader"), new("loader")]);
        let index = &found[0];
        assert_eq!(index.health, Health::Bad, "{found:?}");
        assert!(index.seen.contains("loader-0; they keep the index"), "{index:?}");
    }

    #[test]
    fn who_publishes_newer_messages_than_are_consumed_is_only_slower() {
        let found = mixed(&[old("transformer"), new("loader")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].health, Health::Risk, "{found:?}");
    }

    #[test]
    fn consumers_come_first_and_those_that_exclude_each_other_are_stopped() {
        let all = [old("extractor"), old("transformer"), old("loader")];
        let first = next(&all);
        assert_eq!(
            (first.health, first.seen.as_str()),
            (Health::Risk, "loader, then: transformer, extractor")
        );
        assert!(first.remedy.contains("stop every loader"), "{first:?}");
        let then = next(&[old("extractor"), old("transformer"), new("loader")]);
        assert_eq!(then.seen, "transformer, then: extractor");
        assert!(then.remedy.contains("one after the other"), "{then:?}");
    }

    #[test]
    fn a_newer_replica_than_this_program_is_what_the_others_go_to() {
        let mut newer = new("loader");
        newer.heartbeat.version = "999.0.0".into();
        let found = next(&[newer, new("transformer")]);
        assert_eq!(found.seen, "transformer");
        assert!(version("0.10.0") > version("0.9.1-rc1"));
    }
}
