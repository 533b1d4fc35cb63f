//! Loads of everything or of a span, which take hours: how far they are, and whether anybody lists at all.

use super::facts::Facts;
use pipeline::{
    accounting::Balance,
    doctor::Finding,
    heartbeat::{LISTING, Replica},
    service::Runtime,
    store::Error,
};
use serde::Serialize;
use serde_json::Value;

/// Runs of the first load.
const FIRST: &str = "first";
/// Runs over a span that somebody has asked for.
const BACKFILL: &str = "backfill";

/// A load that has not come to its end: it is wanted, lists, or has customers that are on their way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Customers that are in the form, or whose end is known otherwise.
    pub done: u64,
    /// Customers that it is about: what the vendor has counted, or what it has listed where that is more.
    pub total: u64,
}

/// Loads that have not come to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Loads {
    /// The first load.
    pub first: Option<Load>,
    /// Spans that somebody has asked for.
    pub backfill: Option<Load>,
}

impl Load {
    fn of(expected: Option<u64>, runs: &[Balance]) -> Self {
        let listed = runs.iter().map(|run| run.listed).sum::<u64>();
        let open = runs.iter().map(|run| run.in_flight).sum::<u64>();
        Self {
            done: listed.saturating_sub(open),
            total: listed.max(expected.unwrap_or(0)),
        }
    }

    fn told(self, what: &str) -> String {
        match self {
            Self { total: 0, .. } => words::tr!("{what}: it has listed nobody so far"),
            Self { done, total } => words::tr!("{what}: {done} of {total} customers are done"),
        }
    }
}

/// Asks Redis.
pub(super) async fn loads(runtime: &Runtime) -> Result<Loads, Error> {
    let (first, backfill) = tokio::try_join!(load(runtime, FIRST), load(runtime, BACKFILL))?;
    Ok(Loads { first, backfill })
}

async fn load(runtime: &Runtime, kind: &str) -> Result<Option<Load>, Error> {
    let key = runtime.namespace.kind_key(kind);
    let mut command = redis::cmd("HMGET");
    command.arg(key).arg("run").arg("wanted");
    let (run, wanted): (Option<String>, Option<String>) = {
        let mut connection = runtime.store.connection().await?;
        command.query_async(&mut *connection).await?
    };
    let run: Option<Value> = run.and_then(|json| serde_json::from_str(&json).ok());
    let id = run.as_ref().and_then(|run| run["id"].as_str());
    let prefix = format!("{kind}-");
    let mut ids = runtime.account.active().await?;
    ids.retain(|id| id.starts_with(&prefix));
    if let Some(id) = id.filter(|id| !ids.iter().any(|known| known == id)) {
        ids.push(id.to_owned());
    }
    let mut runs = Vec::new();
    for id in ids {
        runs.push(runtime.account.balance(&id).await?);
    }
    let stands = run.is_some() || wanted.is_some() || runs.iter().any(|run| run.in_flight > 0);
    let expected = run.as_ref().and_then(|run| run["expected"].as_u64());
    Ok(stands.then(|| Load::of(expected, &runs)))
}

/// What there is to say of a first load: as long as it lasts, rows are missing, and nothing needs to be done.
pub(super) fn first(facts: &Facts) -> Option<String> {
    let first = facts.loads.first?;
    Some(first.told(words::text!("first load")))
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<_> = nobody_lists(facts).into_iter().collect();
    let goes_on = words::text!("nothing: it goes on by itself; `extractor status` shows how far it is");
    for (what, load) in [
        (words::text!("first load"), facts.loads.first),
        (words::text!("backfill"), facts.loads.backfill),
    ] {
        found.extend(load.map(|load| Finding::risk("extractor", load.told(what), goes_on)));
    }
    found
}

/// Whoever is told to list nothing by itself says so. Where a run has begun since, a schedule of others lists.
fn nobody_lists(facts: &Facts) -> Option<Finding> {
    let is_there = |replica: &&Replica| {
        replica.heartbeat.service == "extractor" && !replica.heartbeat.draining && !replica.is_silent()
    };
    let extractors: Vec<_> = facts.replicas.iter().filter(is_there).collect();
    let is_off = |replica: &&Replica| replica.heartbeat.status[LISTING] == "off";
    if extractors.is_empty() || !extractors.iter().all(is_off) {
        return None;
    }
    let since = extractors
        .iter()
        .map(|replica| replica.heartbeat.since.as_millisecond())
        .max()?;
    let seen = words::text!("nobody lists (LISTING=off): what changes in OKKI does not reach the form");
    let remedy = words::text!(
        "write all customers at /setup of the desk, or set LISTING=on; where a schedule lists (`extractor sync`), this ends with its next run"
    );
    facts
        .live_begun_ms
        .is_none_or(|begun| begun < since)
        .then(|| Finding::bad("extractor", seen, remedy))
}
