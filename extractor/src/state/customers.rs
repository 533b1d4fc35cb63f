//! What a run still waits for, what became of its customers, and which states earlier windows have published.

use super::{Phase, RunKind, State};
use crate::okki::ListItem;
use pipeline::store::{Error, Script};
use serde::Serialize;
use std::{collections::BTreeMap, sync::LazyLock};

static COUNT_RESULTS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("count_results.lua")));

/// The pending set of a run is dropped after a week without a change.
const RUN_TTL_S: i64 = 7 * 86_400;
/// What became of its customers is counted as long as the run is in the history.
const COUNTERS_TTL_S: i64 = 90 * 86_400;

/// Published states that are remembered beyond those that the next window lists, so that no bulk change fills Redis.
const MOST_REMEMBERED: i64 = 100_000;

/// Which published states are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// From this update time on, in so far as they are not too many.
    pub since: i64,
    /// From this one on, however many: the next window lists them again.
    pub surely: i64,
}

/// What became of a customer of a run, as counted for `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchResult {
    /// Its detail was fetched and published.
    Fetched,
    /// Its version is loaded, so no detail was fetched.
    Skipped,
    /// Its removal was published.
    Removed,
    /// OKKI says that it does not exist.
    Missing,
    /// The source document's condition does not let it go on.
    Filtered,
    /// Its message went to the dead-letter queue.
    Dead,
    /// OKKI does not show it, and does not list it either, as far as is known.
    Unknown,
}

impl FetchResult {
    /// The word in Redis and in JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Skipped => "skipped",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::Filtered => "filtered",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// Customers by the name of their result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Results(BTreeMap<String, u64>);

impl Results {
    /// Counts those of another run, too.
    pub(crate) fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name.clone()).or_default() += count;
        }
    }

    /// Customers with this result.
    pub(crate) fn of(&self, result: FetchResult) -> u64 {
        self.0.get(result.name()).copied().unwrap_or(0)
    }
}

impl State {
    /// Adds customers that a run is about to publish.
    pub(crate) async fn expect(&self, run: &str, ids: &[String]) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let key = self.pending_key(run);
        let mut pipe = redis::pipe();
        pipe.cmd("SADD").arg(&key).arg(ids).ignore();
        pipe.cmd("EXPIRE").arg(&key).arg(RUN_TTL_S).ignore();
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// Says for each listed customer whether exactly this state was published by an earlier window. A removal without
    /// a time is in one state only: removed, until the customer is published again.
    pub(crate) async fn known(&self, phase: Phase, items: &[ListItem]) -> Result<Vec<bool>, Error> {
        let key = self.recent_key(phase);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for item in items {
            pipe.cmd("ZSCORE").arg(&key).arg(&item.company_id);
        }
        let scores: Vec<Option<f64>> = pipe.query_async(&mut *connection).await?;
        // Unix seconds are exact in a double.
        Ok(scores
            .iter()
            .zip(items)
            .map(|(score, item)| match item.update_time {
                time if time > 0 => *score == Some(time as f64),
                _ => phase == Phase::Removed && score.is_some(),
            })
            .collect())
    }

    /// Somebody who was removed is there again, although no window has listed him: his next removal is another one.
    pub(crate) async fn is_back(&self, company_id: &str) -> Result<(), Error> {
        let mut command = redis::cmd("ZREM");
        command.arg(self.recent_key(Phase::Removed)).arg(company_id);
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// Remembers published states that the next window will list again, and forgets older ones. What is published as
    /// removed is no longer known as changed, and the other way round.
    pub(crate) async fn remember(&self, phase: Phase, items: &[ListItem], kept: Kept) -> Result<(), Error> {
        let Kept { since, surely } = kept;
        let (key, other) = (self.recent_key(phase), self.recent_key(phase.other()));
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for item in items {
            pipe.cmd("ZREM").arg(&other).arg(&item.company_id).ignore();
            if item.update_time >= since {
                pipe.cmd("ZADD")
                    .arg(&key)
                    .arg(item.update_time)
                    .arg(&item.company_id)
                    .ignore();
            }
        }
        pipe.cmd("ZREMRANGEBYSCORE")
            .arg(&key)
            .arg("-inf")
            .arg(format!("({since}"))
            .ignore();
        pipe.cmd("ZCARD")
            .arg(&key)
            .cmd("ZCOUNT")
            .arg(&key)
            .arg(surely)
            .arg("+inf");
        let (all, sure): (i64, i64) = pipe.query_async(&mut *connection).await?;
        let most = sure.max(MOST_REMEMBERED);
        if all > most {
            let mut oldest = redis::cmd("ZREMRANGEBYRANK");
            oldest.arg(&key).arg(0).arg(-most - 1);
            oldest.query_async::<()>(&mut *connection).await?;
        }
        Ok(())
    }

    /// Counts what became of customers of a run; repeated reports count once.
    pub(crate) async fn count_results(
        &self,
        run: &str,
        results: &[(String, FetchResult)],
    ) -> Result<u64, Error> {
        let ttl = COUNTERS_TTL_S.to_string();
        let mut args = vec![ttl.as_str()];
        args.extend(
            results
                .iter()
                .flat_map(|(id, result)| [id.as_str(), result.name()]),
        );
        self.store
            .invoke(
                &COUNT_RESULTS,
                &[self.pending_key(run), self.counters_key(run)],
                &args,
            )
            .await
    }

    /// The same for customers whose run is not known: in every run that is at work or ended of late.
    pub(crate) async fn count_results_everywhere(
        &self,
        results: &[(String, FetchResult)],
    ) -> Result<(), Error> {
        let mut runs: Vec<String> = self
            .history(10)
            .await?
            .into_iter()
            .map(|entry| entry.run.id)
            .collect();
        for kind in RunKind::ALL {
            runs.extend(self.standing(kind).await?.run.map(|run| run.id));
        }
        for run in runs {
            self.count_results(&run, results).await?;
        }
        Ok(())
    }

    /// Customers that a run still waits for.
    pub(crate) async fn pending(&self, run: &str) -> Result<u64, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("SCARD")
            .arg(self.pending_key(run))
            .query_async(&mut *connection)
            .await?)
    }

    /// Some of them.
    pub(crate) async fn pending_ids(&self, run: &str, most: usize) -> Result<Vec<String>, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("SRANDMEMBER")
            .arg(self.pending_key(run))
            .arg(most)
            .query_async(&mut *connection)
            .await?)
    }

    /// What became of a run's customers so far.
    pub(crate) async fn counters(&self, run: &str) -> Result<Results, Error> {
        let mut connection = self.store.connection().await?;
        let counters = redis::cmd("HGETALL")
            .arg(self.counters_key(run))
            .query_async(&mut *connection)
            .await?;
        Ok(Results(counters))
    }

    /// Keeps removals known that the listing shows again without a time.
    pub(crate) async fn keep_known(&self, ids: &[&str], now: i64) -> Result<(), Error> {
        let key = self.recent_key(Phase::Removed);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for id in ids {
            pipe.cmd("ZADD").arg(&key).arg("XX").arg(now).arg(id).ignore();
        }
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// Forgets what was published, so that it is published again.
    pub(super) async fn forget_published(&self) -> Result<(), Error> {
        let keys = [self.recent_key(Phase::Changed), self.recent_key(Phase::Removed)];
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("DEL")
            .arg(&keys)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// What is not remembered any more would be found late: the next look is the first one again.
    pub(super) async fn forget_looks(&self) -> Result<(), Error> {
        let mut command = redis::cmd("HDEL");
        command
            .arg(self.kind_key(RunKind::LookBack))
            .arg(&["wide_s", "late"]);
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    fn recent_key(&self, phase: Phase) -> String {
        let phase = if phase == Phase::Removed {
            "removed"
        } else {
            "changed"
        };
        self.namespace.recent_key(phase)
    }

    fn pending_key(&self, run: &str) -> String {
        self.namespace.pending_key(run)
    }

    fn counters_key(&self, run: &str) -> String {
        self.namespace.fetch_counters_key(run)
    }
}
