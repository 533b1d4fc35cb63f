//! A broker that takes no events: everything goes on, and nobody can see later what became of customers.

use super::{facts::Facts, judge::ago};
use pipeline::{
    doctor::Finding,
    events::{EVENTS_REFUSED, EventsRefused},
};
use std::collections::BTreeMap;

/// A broker that was away for a moment takes what was written meanwhile.
const PASSES_S: i64 = 60;

/// Of each program the replica to which the broker has refused them longest.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut longest: BTreeMap<&str, EventsRefused> = BTreeMap::new();
    for replica in facts.replicas.iter().filter(|replica| !replica.is_silent()) {
        let told = replica.heartbeat.status.get(EVENTS_REFUSED).cloned();
        let refused: Option<EventsRefused> = told.and_then(|told| serde_json::from_value(told).ok());
        let Some(refused) = refused.filter(|refused| facts.now_ms - refused.since_ms >= PASSES_S * 1_000)
        else {
            continue;
        };
        let known = longest
            .entry(replica.heartbeat.service.as_str())
            .or_insert_with(|| refused.clone());
        if refused.since_ms < known.since_ms {
            *known = refused;
        }
    }
    longest
        .into_iter()
        .map(|(program, refused)| {
            let seen = words::tr!(
                "the broker has taken no events for {}, so nobody will see what became of customers meanwhile: {}",
                ago((facts.now_ms - refused.since_ms) / 1_000),
                refused.why
            );
            let remedy = words::text!(
                "let the broker's user configure and read the stream NAMESPACE.events, see whether the stream has a leader, or set EVENTS=off; `doctor` says more"
            );
            Finding::bad(program, seen, remedy)
        })
        .collect()
}
