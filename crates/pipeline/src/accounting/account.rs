//! Reads and writes the account in Redis.

use super::{balance::Balance, held::Held};
use crate::{
    disposition::{Disposition, row_of_who_left},
    names::{Namespace, RunKeys},
    stage::Stage,
    store::{Error, Script, Store},
};
use std::{collections::BTreeMap, sync::LazyLock};

static LIST: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("list.lua")));
static TOTAL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("total.lua")));
static BROWSED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("browsed.lua")));
static RECORD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("record.lua")));

/// How long the counters of a run are kept after its last customer.
const KEEP_DAYS: u32 = 30;

/// One thing to be written down: what became of a customer of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The run that listed it.
    pub run: &'a str,
    /// The customer.
    pub company: &'a str,
    /// What became of it.
    pub disposition: Disposition,
    /// Where; distinguishes the dead letters of the stages.
    pub stage: Stage,
    /// The rule that dropped it.
    pub rule: Option<&'static str>,
}

/// Reads and writes the account; cheap to clone.
#[derive(Clone)]
pub struct Account {
    pub(super) store: Store,
    pub(super) namespace: Namespace,
}

/// What one read gives: counters by disposition, customers without one, dead ones, the oldest without one with its time.
type Answer = (BTreeMap<String, u64>, u64, u64, Vec<(String, f64)>);

impl Entry<'_> {
    /// The word in the script's arguments.
    fn word(&self) -> String {
        match self.disposition {
            Disposition::Dead => format!("dead:{}", self.stage),
            other => match self.rule.and_then(row_of_who_left) {
                Some(row) => format!("{}:{row}", other.name()),
                None => other.name().to_owned(),
            },
        }
    }
}

impl Account {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// Opens customers of a run; call it before their refs are published. Says how many were not open before.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn list(&self, run: &str, company_ids: &[String]) -> Result<u64, Error> {
        if company_ids.is_empty() {
            return Ok(0);
        }
        let mut args = vec![run];
        args.extend(company_ids.iter().map(String::as_str));
        self.store.invoke(&LIST, &self.keys(run), &args).await
    }

    /// Writes down what became of customers; repeating it changes nothing. Messages that belong to no run are
    /// passed over. Says how many were still open or dead.
    ///
    /// # Errors
    /// When Redis does not do it; part of it may have been done, so repeat all of it.
    pub async fn record(&self, entries: &[Entry<'_>]) -> Result<u64, Error> {
        let mut runs: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        let accounted = |entry: &&Entry<'_>| !entry.run.is_empty() && entry.disposition.is_accounted();
        for entry in entries.iter().filter(accounted) {
            runs.entry(entry.run).or_default().push(entry);
        }
        let mut counted = 0;
        for (run, mut entries) in runs {
            // Of two copies in one batch the one that got through is accounted.
            entries.sort_by_key(|entry| entry.disposition);
            let mut args = vec![run.to_owned(), KEEP_DAYS.to_string()];
            args.extend(
                entries
                    .iter()
                    .flat_map(|entry| [entry.word(), entry.company.to_owned()]),
            );
            counted += self.store.invoke::<u64>(&RECORD, &self.keys(run), &args).await?;
        }
        Ok(counted)
    }

    /// The balance of a run.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn balance(&self, run: &str) -> Result<Balance, Error> {
        let [counters, open, dead, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("HGETALL")
            .arg(&counters)
            .cmd("ZCARD")
            .arg(&open)
            .cmd("HLEN")
            .arg(&dead);
        pipe.cmd("ZRANGE").arg(&open).arg(0).arg(0).arg("WITHSCORES");
        let (counters, open, dead, oldest): Answer = pipe.query_async(&mut *connection).await?;
        let oldest_ms = oldest.first().map(|(_, ms)| *ms as i64);
        Ok(Balance::new(run, &counters, open, dead, oldest_ms))
    }

    /// When the first customer of a run was listed, unix milliseconds of Redis' clock; `None`: nothing is known of the run.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn since(&self, run: &str) -> Result<Option<i64>, Error> {
        let [counters, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("HGET");
        command.arg(&counters).arg("since");
        Ok(command.query_async(&mut *connection).await?)
    }

    /// The balance of everything: counters of all times, and what is unfinished in any run.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn total(&self) -> Result<Balance, Error> {
        let keys = [self.namespace.active_runs_key(), self.namespace.total_key()];
        let prefix = [self.namespace.run_prefix()];
        let (counters, open, dead, oldest): (BTreeMap<String, u64>, u64, u64, Option<i64>) =
            self.store.invoke(&TOTAL, &keys, &prefix).await?;
        Ok(Balance::new("total", &counters, open, dead, oldest))
    }

    /// Runs with customers that are not finished, oldest first.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn active(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.store.connection().await?;
        let key = self.namespace.active_runs_key();
        Ok(redis::cmd("ZRANGE")
            .arg(key)
            .arg(0)
            .arg(-1)
            .query_async(&mut *connection)
            .await?)
    }

    /// The customers of a run that have been open longest.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn open(&self, run: &str, most: usize) -> Result<Vec<(String, i64)>, Error> {
        let [_, open, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("ZRANGE");
        command
            .arg(open)
            .arg(0)
            .arg(most.saturating_sub(1))
            .arg("WITHSCORES");
        let found: Vec<(String, f64)> = command.query_async(&mut *connection).await?;
        Ok(found
            .into_iter()
            .map(|(company_id, ms)| (company_id, ms as i64))
            .collect())
    }

    /// The customer that has been open longest in the runs of a kind (`live`), and since when, unix milliseconds.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn oldest(&self, kind: &str) -> Result<Option<(String, i64)>, Error> {
        let mut oldest: Option<(String, i64)> = None;
        for run in self.active().await?.iter().filter(|run| run.starts_with(kind)) {
            let first = self.open(run, 1).await?.into_iter().next();
            let is_older = |(_, since): &(String, i64)| oldest.as_ref().is_none_or(|(_, at)| since < at);
            oldest = first.filter(is_older).or(oldest);
        }
        Ok(oldest)
    }

    /// Customers of a run in the dead-letter queues, by stage.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn dead(&self, run: &str) -> Result<BTreeMap<String, u64>, Error> {
        let [_, _, dead, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let stages: Vec<String> = redis::cmd("HVALS")
            .arg(dead)
            .query_async(&mut *connection)
            .await?;
        let mut by_stage = BTreeMap::new();
        for stage in stages {
            *by_stage.entry(stage).or_default() += 1;
        }
        Ok(by_stage)
    }

    /// Of each of these customers, when this run listed it (if it is not finished) and the stage of its dead letter.
    pub(super) async fn standing(
        &self,
        run: &str,
        companies: &[&str],
    ) -> Result<Vec<(Option<f64>, Option<String>)>, Error> {
        let [_, open, dead, ..] = self.keys(run);
        let mut pipe = redis::pipe();
        for company in companies {
            pipe.cmd("ZSCORE").arg(&open).arg(company);
        }
        pipe.cmd("HMGET").arg(&dead).arg(companies);
        let mut connection = self.store.connection().await?;
        let mut answers: Vec<redis::Value> = pipe.query_async(&mut *connection).await?;
        let dead = answers.pop().unwrap_or(redis::Value::Nil);
        let dead: Vec<Option<String>> = redis::from_redis_value(dead).map_err(redis::RedisError::from)?;
        let open = answers.into_iter().map(redis::from_redis_value::<Option<f64>>);
        let open: Vec<_> = open.collect::<Result<_, _>>().map_err(redis::RedisError::from)?;
        Ok(open.into_iter().zip(dead).collect())
    }

    /// Since when checks have found fewer dead letters of the stage than the account has, unix milliseconds.
    pub(super) async fn gone_since(
        &self,
        stage: Stage,
        gone: bool,
        now_ms: i64,
    ) -> Result<Option<i64>, Error> {
        let key = self.namespace.gone_key(stage);
        let mut connection = self.store.connection().await?;
        if !gone {
            redis::cmd("DEL")
                .arg(key)
                .query_async::<()>(&mut *connection)
                .await?;
            return Ok(None);
        }
        let mut pipe = redis::pipe();
        pipe.cmd("SET")
            .arg(&key)
            .arg(now_ms)
            .arg("NX")
            .ignore()
            .cmd("GET")
            .arg(&key);
        let (since,): (i64,) = pipe.query_async(&mut *connection).await?;
        Ok(Some(since))
    }

    /// What consumers say that they hold.
    pub(super) fn held(&self) -> Held {
        Held::new(self.store.clone(), self.namespace.clone())
    }

    /// Whether an operator may hold some of the stage's dead letters: it browses them, or did so before it stood still and lost
    /// its lease, and the broker has not given them back yet.
    pub async fn is_browsed(&self, stage: Stage) -> Result<bool, Error> {
        let keys = [
            self.namespace.browse_lease_key(stage, false),
            self.namespace.holders_key(stage, false),
        ];
        self.store.invoke(&BROWSED, &keys, &[""]).await
    }

    fn keys(&self, run: &str) -> [String; 5] {
        let RunKeys { counters, open, dead } = self.namespace.run_keys(run);
        let (active, total) = (self.namespace.active_runs_key(), self.namespace.total_key());
        [counters, open, dead, active, total]
    }
}
