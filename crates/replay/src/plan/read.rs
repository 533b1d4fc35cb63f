//! A plan as its hash in Redis says it.

use super::{Plan, end::End, start::Start, state::State};
use crate::repair::Repair;
use pipeline::stage::Stage;
use std::collections::BTreeMap;

/// Prefix of the fields that count letters by their end.
pub(super) const COUNTER: &str = "n:";

/// Reads the hash of a plan; `None` when it is none.
pub(crate) fn read(id: &str, fields: &BTreeMap<String, String>) -> Option<Plan> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let state = State::read(fields.get("state")?)?;
    let outcomes = fields
        .iter()
        .filter_map(|(name, value)| Some((End::read(name.strip_prefix(COUNTER)?)?, value.parse().ok()?)))
        .collect();
    let time = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
    // One of another version must not become none: the letters would leave as they are.
    let repair = fields
        .get("repair")
        .map(|json| serde_json::from_str(json).unwrap_or(Repair::Forgotten));
    let stage = text("stage");
    let mut plan = Plan {
        id: id.to_owned(),
        from: Stage::named(&stage).map_or(Start::Step, |stage| Start::of(stage, repair.as_ref())),
        stage,
        filter: text("filter"),
        reason: text("reason"),
        operator: text("operator"),
        made_at: fields
            .get("made_at")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        state,
        note: text("note"),
        total: number("total"),
        unmatched: number("unmatched"),
        sent: number("sent"),
        outcomes,
        options: serde_json::from_str(&text("options")).unwrap_or_default(),
        repair,
        begun_at: time("begun_at"),
        ended_at: time("ended_at"),
        last_outcome_at: time("last_outcome_at"),
        changed_by: text("changed_by"),
        changed_at: time("changed_at"),
        rate: None,
        chosen: serde_json::from_str(&text("chosen")).ok(),
    };
    plan.rate = plan.observed_rate();
    Some(plan)
}
