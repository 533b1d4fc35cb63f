//! What consumers hold unacknowledged, which the broker counts in no queue: each replica tells it, and every comparison
//! of the account with the queues asks for it.
//!
//! A report is fresh for as long as its replica lives. One that is stale belongs to a replica that died (its messages are
//! back in their queues) or that cannot reach Redis (they are not), so for a while nothing is believed to be lost.

use crate::{
    names::Namespace,
    stage::Stage,
    store::{Error, Script, Store},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashSet},
    sync::LazyLock,
};

/// Older reports are stale; replicas report every five seconds.
const FRESH_MS: i64 = 30_000;
/// Older reports are of replicas that are gone.
const GONE_MS: i64 = 10 * 60_000;
/// The first report after an emptied Redis is not the only one that is owed.
const ALL_REPORT_WITHIN_MS: i64 = 15_000;

static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("tell_held.lua")));
static ASK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("ask_held.lua")));

/// The reports of all replicas.
pub(crate) struct Held {
    store: Store,
    namespace: Namespace,
}

/// What one replica holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Report {
    /// Messages of any age.
    count: usize,
    /// Run and customer of those that it has held for a while.
    long: Vec<(String, String)>,
}

/// What all of them hold.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// It cannot be told what is held: a replica is silent, or all have just begun to report.
    pub(crate) uncertain: bool,
    /// Messages that came so recently that they are not named.
    pub(crate) unnamed: usize,
    /// Run and customer.
    pub(crate) named: HashSet<(String, String)>,
}

impl Holdings {
    /// Somebody has a message about the customer.
    pub(super) fn holds(&self, run: &str, company_id: &str) -> bool {
        self.named.contains(&(run.to_owned(), company_id.to_owned()))
    }
}

impl Held {
    pub(crate) fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// A replica's report, which replaces its last one.
    pub(crate) async fn tell(
        &self,
        stage: Stage,
        instance: &str,
        count: usize,
        long: &[(String, String)],
    ) -> Result<(), Error> {
        let report = Report {
            count,
            long: long.to_vec(),
        };
        let report = serde_json::to_string(&report).unwrap_or_default();
        let args = [field(stage, instance), report, GONE_MS.to_string()];
        self.store
            .invoke(&TELL, &[self.namespace.held_key()], &args)
            .await
    }

    /// A replica that holds nothing any more because it ends.
    pub(crate) async fn forget(&self, stage: Stage, instance: &str) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HDEL")
            .arg(self.namespace.held_key())
            .arg(field(stage, instance))
            .query_async(&mut *connection)
            .await?)
    }

    /// What all replicas hold. `consuming`: there are consumers, so there have to be reports.
    pub(crate) async fn ask(&self, consuming: bool) -> Result<Holdings, Error> {
        let (now, fields): (i64, BTreeMap<String, String>) = self
            .store
            .invoke(&ASK, &[self.namespace.held_key()], &[] as &[&str])
            .await?;
        Ok(holdings(now, &fields, consuming))
    }
}

fn field(stage: Stage, instance: &str) -> String {
    format!("{stage} {instance}")
}

/// `since` says when the first report came; each other field is a time and a report.
fn holdings(now: i64, fields: &BTreeMap<String, String>, consuming: bool) -> Holdings {
    let since = fields.get("since").and_then(|since| since.parse::<i64>().ok());
    let mut holdings = Holdings {
        uncertain: consuming && since.is_none_or(|since| now - since < ALL_REPORT_WITHIN_MS),
        ..Holdings::default()
    };
    for (_, told) in fields.iter().filter(|(field, _)| *field != "since") {
        let told = told.split_once(' ');
        let told = told.and_then(|(at, report)| Some((at.parse::<i64>().ok()?, report)));
        let told = told.and_then(|(at, report)| Some((at, serde_json::from_str::<Report>(report).ok()?)));
        let Some((at, report)) = told else {
            holdings.uncertain = true;
            continue;
        };
        if now - at > GONE_MS {
            continue;
        }
        holdings.uncertain |= now - at > FRESH_MS;
        holdings.unnamed += report.count.saturating_sub(report.long.len());
        holdings.named.extend(report.long);
    }
    holdings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(now: i64, fields: &[(&str, &str)], consuming: bool) -> Holdings {
        let fields = fields
            .iter()
            .map(|(field, told)| ((*field).to_owned(), (*told).to_owned()));
        holdings(now, &fields.collect(), consuming)
    }

    #[test]
    fn reports_are_added_up() {
        let fields = [
            ("since", "0"),
            ("load a", r#"99000 {"count":3,"long":[["r","7"]]}"#),
            ("extract b", r#"98000 {"count":0,"long":[]}"#),
        ];
        let held = asked(100_000, &fields, true);
        assert!(!held.uncertain);
        assert_eq!(held.unnamed, 2);
        assert!(held.named.contains(&("r".to_owned(), "7".to_owned())));
    }

    #[test]
    fn a_silent_replica_makes_it_uncertain_for_a_while() {
        let fields = [("since", "0"), ("load a", r#"1000 {"count":0,"long":[]}"#)];
        assert!(!asked(20_000, &fields, true).uncertain);
        assert!(asked(60_000, &fields, true).uncertain);
        assert!(!asked(1_000_000, &fields, true).uncertain);
        assert!(asked(20_000, &[("since", "0"), ("load a", "?")], true).uncertain);
    }

    #[test]
    fn an_emptied_redis_is_uncertain_while_there_are_consumers() {
        assert!(asked(100_000, &[], true).uncertain);
        assert!(!asked(100_000, &[], false).uncertain);
        assert!(asked(100_000, &[("since", "99000")], true).uncertain);
        assert!(!asked(100_000, &[("since", "80000")], true).uncertain);
    }
}
