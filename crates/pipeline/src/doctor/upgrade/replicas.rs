//! Who runs, in which version, and whether somebody does who says nothing of it.

use super::super::finding::Finding;
use crate::{heartbeat::Replica, service::Runtime, stage::Stage};
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
        // A broker that does not answer, and a queue that is not there, were said of above.
        let Ok(consumers) = rt.broker.consumers(&queue).await else {
            continue;
        };
        let replicas = heard
            .iter()
            .filter(|replica| replica.heartbeat.service == stage.program())
            .count();
        findings.extend(more(stage, &queue, consumers as usize, replicas));
    }
    findings
}

fn more(stage: Stage, queue: &str, consumers: usize, replicas: usize) -> Option<Finding> {
    (consumers > replicas).then(|| {
        let program = stage.program();
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
        assert_eq!(more(Stage::Load, "t.load", 2, 2), None);
        // A paused replica has no consumer.
        assert_eq!(more(Stage::Load, "t.load", 0, 2), None);
        let found = more(Stage::Load, "t.load", 3, 2).unwrap();
        assert_eq!(found.health, Health::Bad);
        assert!(found.seen.contains("0.2.0 or earlier"), "{found:?}");
    }
}
