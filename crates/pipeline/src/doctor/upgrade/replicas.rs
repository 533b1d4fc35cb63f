//! Who runs, in which version, and whether somebody does who says nothing of it.

use super::super::finding::Finding;
use crate::{cause::chain, heartbeat::Replica, service::Runtime, stage::Stage};
use std::collections::BTreeMap;

const WHAT: &str = words::mark!("versions");

/// Every program with its versions and how many replicas each has.
pub(super) fn versions(heard: &[Replica], silent: &[Replica]) -> Finding {
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for Replica { heartbeat, .. } in heard {
        *counted
            .entry((&heartbeat.service, &heartbeat.version))
            .or_default() += 1;
    }
    let each: Vec<_> = counted
        .iter()
        .map(|((program, version), count)| format!("{program} {version} × {count}"))
        .collect();
    let seen = match each.is_empty() {
        true => words::tr!("nobody runs"),
        false => each.join(", "),
    };
    if let Some(first) = silent.first() {
        return Finding::risk(
            WHAT,
            words::tr!(
                "{seen}; {} more have fallen silent, {} among them",
                silent.len(),
                first.heartbeat.instance
            ),
            words::tr!(
                "make sure that they have ended, or that they reach Redis: what is silent may still work"
            ),
        );
    }
    Finding::good(WHAT, seen)
}

/// Consumers of a work queue that no heartbeat stands for: a version of before heartbeats, or something that is none of ours.
pub(super) async fn unheard(rt: &Runtime, heard: &[Replica]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stage in Stage::ALL {
        let queue = rt.namespace.queue(stage);
        let consumers = match rt.broker.consumers(&queue).await {
            Ok(consumers) => consumers as usize,
            Err(error) if error.is_missing() => continue,
            Err(error) => {
                let seen = format!("{queue}: {}", chain(&error));
                findings.push(Finding::risk(WHAT, seen, words::tr!("check the broker's log")));
                continue;
            }
        };
        let replicas = heard
            .iter()
            .filter(|replica| replica.heartbeat.service == stage.program());
        let (paused, working): (Vec<_>, Vec<_>) = replicas.partition(|one| !one.heartbeat.paused.is_empty());
        findings.extend(more(stage, &queue, consumers, (working.len(), paused.len())));
    }
    findings
}

/// `working` replicas have a consumer each; of `paused` ones some have, for a while.
fn more(stage: Stage, queue: &str, consumers: usize, (working, paused): (usize, usize)) -> Option<Finding> {
    let (program, replicas) = (stage.program(), working + paused);
    if consumers > working && consumers <= replicas {
        return Some(Finding::risk(
            WHAT,
            words::tr!(
                "{queue} has {consumers} consumers; {paused} of {replicas} replicas of the {program} are paused and may have none, so \
                 that an older one may be among them"
            ),
            words::tr!("ask again when nobody is paused"),
        ));
    }
    (consumers > replicas).then(|| {
        Finding::bad(
            WHAT,
            words::tr!(
                "{queue} has {consumers} consumers, and {replicas} replicas of the {program} are heard: the rest is of 0.2.0 or \
                 earlier, or none of ours"
            ),
            words::tr!(
                "stop every {program} that is older before one of this version starts; ask again in a minute if one has just lost \
                 its connection"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_consumer_without_a_heartbeat_is_an_older_one() {
        assert_eq!(more(Stage::Load, "t.load", 2, (2, 0)), None);
        assert_eq!(more(Stage::Load, "t.load", 0, (0, 2)), None);
        // A paused replica mostly has no consumer, so that this one may be of somebody else.
        let found = more(Stage::Load, "t.load", 1, (0, 1)).unwrap();
        assert_eq!(found.health, Health::Risk, "{found:?}");
        let found = more(Stage::Load, "t.load", 3, (1, 1)).unwrap();
        assert_eq!(found.health, Health::Bad);
        assert!(found.seen.contains("0.2.0 or earlier"), "{found:?}");
    }
}
