//! What is asked of Redis and the broker, once, before anything is judged.

use super::{
    Freshness,
    loads::{Loads, loads},
};
use crate::browse::Group;
use pipeline::{
    accounting::{BalanceCheck, check},
    alert::AlertConfig,
    comparison::{Compared, Comparisons, Side},
    config::CommonConfig,
    heartbeat::{Replica, replicas},
    listed,
    service::Runtime,
    stage::Stage,
    store::Error,
    waiting::PerMessage,
};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// A customer that is open for longer while all queues are empty is missing.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Runs that list what has changed.
const LIVE: &str = "live";
/// Runs whose windows no other one lists.
const LISTED_ONCE: [&str; 4] = ["first", "backfill", "remedy", "refresh"];
/// Runs that list once more what those have passed over.
const LOOK_BACK: &str = "look-back";

/// What the verdict stands on.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Redis' time, unix milliseconds.
    pub now_ms: i64,
    /// Those that run or have fallen silent.
    pub replicas: Vec<Replica>,
    /// How long ago anybody of a service was heard last, milliseconds.
    pub last_ms_ago: BTreeMap<String, i64>,
    /// Account and queues, compared.
    pub check: BalanceCheck,
    /// The customer that has waited longest since it was listed as changed, and since when.
    pub oldest: Option<(String, i64)>,
    /// Up to when changes were listed, unix seconds.
    pub checkpoint: Option<i64>,
    /// When that was the present by our clocks, unix milliseconds.
    pub listed_ms: Option<i64>,
    /// When a run began last that lists what has changed, unix milliseconds.
    pub live_begun_ms: Option<i64>,
    /// Loads that have not come to their end.
    pub loads: Loads,
    /// A checkpoint that is older is a problem, seconds.
    pub checkpoint_limit_s: i64,
    /// Parts of the listing that are kept, because they are not shown or not believed: why, and since when, unix milliseconds.
    pub kept: Vec<(String, i64)>,
    /// The same of the rows and seconds that cannot be read, which no wait mends as a rule.
    pub unread: Option<(String, i64)>,
    /// What looks back have found lately that the listing had not shown in time.
    pub late: Option<LateChanges>,
    /// Since which checkpoint the listing has shown nobody, unix seconds.
    pub nobody: Option<i64>,
    /// Windows that were not shown whole, the last one of each kind that no other run lists.
    pub short: Vec<Shortfall>,
    /// What the last comparisons have found.
    pub compared: Vec<(Side, Compared)>,
    /// Messages in work, retry and dead-letter queue of each stage; `None`: the broker did not answer.
    pub depths: Option<[Depths; 3]>,
    /// Groups of dead letters by stage, where somebody keeps the read model.
    pub groups: BTreeMap<&'static str, Vec<Group>>,
}

/// Changes that the listing showed later than windows overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LateChanges {
    /// How many.
    pub late: u64,
    /// Update time of the oldest one, unix seconds.
    pub oldest: i64,
    /// When they were found, unix milliseconds.
    pub at_ms: i64,
}

/// A window of which fewer customers were shown than OKKI counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Shortfall {
    /// How many fewer.
    pub short: u64,
    /// How many OKKI counts.
    pub expected: u64,
    /// When it was listed to its end, unix milliseconds.
    pub at_ms: i64,
}

/// Messages of one stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depths {
    /// Ready for work.
    pub waiting: u64,
    /// Waiting for another attempt.
    pub retrying: u64,
    /// Dead letters; `None`: somebody holds them, and how many there are nobody knows.
    pub dead: Option<u64>,
}

/// Asks once.
///
/// # Errors
/// When Redis does not answer. A broker that does not answer leaves the queues out.
pub async fn gather(runtime: &Runtime, common: &CommonConfig) -> Result<Facts, Error> {
    let found = replicas(&runtime.store, &runtime.namespace).await?;
    let AlertConfig { checkpoint_age, .. } = common.alerts;
    let balance = async {
        let check = check(&runtime.account, &runtime.broker, None, PATIENCE, found.now_ms).await;
        check.map_err(|unreadable| unreadable.0)
    };
    // None of them waits for another one, and so they wait together.
    let (
        check,
        oldest,
        (checkpoint, seen, live_begun_ms),
        loads,
        (kept, unread),
        late,
        nobody,
        short,
        compared,
    ) = tokio::try_join!(
        balance,
        runtime.account.oldest(LIVE),
        live(runtime),
        loads(runtime),
        kept(runtime),
        late(runtime),
        of_listing(runtime, LIVE, "nobody"),
        short(runtime),
        compared(runtime),
    )?;
    let listed_ms = checkpoint.map(|checkpoint| listed::at_ms(checkpoint, seen.as_deref()));
    Ok(Facts {
        now_ms: found.now_ms,
        replicas: found.replicas,
        last_ms_ago: found.last_ms_ago,
        depths: depths(runtime, &check).await?,
        check,
        oldest,
        checkpoint,
        listed_ms,
        live_begun_ms,
        loads,
        kept,
        unread,
        late,
        nobody,
        short,
        compared,
        checkpoint_limit_s: i64::try_from(checkpoint_age.as_secs()).unwrap_or(i64::MAX),
        groups: BTreeMap::new(),
    })
}

/// What a kind of run keeps under this name.
async fn of_listing<T: redis::FromRedisValue>(
    runtime: &Runtime,
    kind: &str,
    field: &str,
) -> Result<Option<T>, Error> {
    let mut connection = runtime.store.connection().await?;
    let mut command = redis::cmd("HGET");
    command.arg(runtime.namespace.kind_key(kind)).arg(field);
    Ok(command.query_async(&mut *connection).await?)
}

/// Up to when changes were listed, when that was the present by our clocks, and when a run of that kind began last.
async fn live(runtime: &Runtime) -> Result<(Option<i64>, Option<String>, Option<i64>), Error> {
    let mut connection = runtime.store.connection().await?;
    let mut command = redis::cmd("HMGET");
    command.arg(runtime.namespace.kind_key(LIVE));
    command.arg("checkpoint").arg(listed::FIELD).arg("started_ms");
    Ok(command.query_async(&mut *connection).await?)
}

async fn short(runtime: &Runtime) -> Result<Vec<Shortfall>, Error> {
    let mut pipe = redis::pipe();
    for kind in LISTED_ONCE {
        pipe.cmd("HGET")
            .arg(runtime.namespace.kind_key(kind))
            .arg("short");
    }
    let mut connection = runtime.store.connection().await?;
    let told: Vec<Option<String>> = pipe.query_async(&mut *connection).await?;
    let told = told.into_iter().flatten();
    Ok(told
        .filter_map(|json| serde_json::from_str::<Shortfall>(&json).ok())
        .collect())
}

/// What the last comparison of each kind has found.
pub(super) async fn compared(runtime: &Runtime) -> Result<Vec<(Side, Compared)>, Error> {
    let comparisons = Comparisons::new(runtime.store.clone(), runtime.namespace.clone());
    let mut found = Vec::new();
    for side in Side::ALL {
        found.extend(comparisons.last(side).await?.map(|last| (side, last)));
    }
    Ok(found)
}

async fn late(runtime: &Runtime) -> Result<Option<LateChanges>, Error> {
    let json: Option<String> = of_listing(runtime, LOOK_BACK, "late").await?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

/// Why something is kept, and since when, unix milliseconds.
type Kept = (String, i64);

/// What the extractor keeps of its listing: each part that is not shown, and together the places in which a row names no
/// customer, or cannot be read.
async fn kept(runtime: &Runtime) -> Result<(Vec<Kept>, Option<Kept>), Error> {
    let mut connection = runtime.store.connection().await?;
    let mut command = redis::cmd("HVALS");
    command.arg(runtime.namespace.damaged_key());
    let spans: Vec<String> = command.query_async(&mut *connection).await?;
    let spans = spans
        .iter()
        .filter_map(|span| serde_json::from_str::<Value>(span).ok());
    let (parts, mut places): (Vec<_>, Vec<_>) = spans
        .filter_map(|span| {
            let (reason, since) = (span["reason"].as_str()?.to_owned(), span["since_ms"].as_i64()?);
            Some((span["part"].is_u64(), (reason, since)))
        })
        .filter(|(_, (_, since))| *since > 0)
        .partition(|(is_part, _)| *is_part);
    places.sort_by_key(|(_, (_, since))| *since);
    let kept = parts.into_iter().map(|(_, kept)| kept).collect();
    let unread = places.first().map(|(_, (reason, since))| {
        let told = words::kept!(
            "{} places with rows that nobody is known of, the first: {}",
            places.len(),
            reason
        );
        (told, *since)
    });
    Ok((kept, unread))
}

async fn depths(runtime: &Runtime, check: &BalanceCheck) -> Result<Option<[Depths; 3]>, Error> {
    let Some(queues) = &check.queues else {
        return Ok(None);
    };
    let (broker, namespace) = (&runtime.broker, &runtime.namespace);
    let depth = |queue: &str| queues.get(queue).copied().map_or(0, u64::from);
    let mut found = [Depths::default(); 3];
    let is_browsed = |stage| runtime.account.is_browsed(stage);
    let [extract, transform, load] = Stage::ALL;
    let (per_message, extract, transform, load) = tokio::try_join!(
        PerMessage::told(runtime),
        is_browsed(extract),
        is_browsed(transform),
        is_browsed(load)
    )?;
    let browsed = [extract, transform, load];
    for ((stage, is_browsed), found) in Stage::ALL.into_iter().zip(browsed).zip(&mut found) {
        let all: u64 = broker.queues(&[stage]).iter().map(|queue| depth(queue)).sum();
        let (waiting, ready) = (
            depth(namespace.queue(stage).as_str()),
            depth(&namespace.dead_queue(stage)),
        );
        *found = Depths {
            waiting: per_message.records(stage, u32::try_from(waiting).unwrap_or(u32::MAX)),
            retrying: all.saturating_sub(waiting).saturating_sub(ready),
            dead: Some(ready),
        };
        // Whoever looks at them holds some, which the broker counts in no queue.
        if is_browsed {
            let known = check.dead.get(stage.name()).copied().unwrap_or(0).max(ready);
            found.dead = (known > 0).then_some(known);
        }
    }
    Ok(Some(found))
}

impl Facts {
    pub(super) fn freshness(&self) -> Freshness {
        let oldest = self.oldest.as_ref();
        Freshness {
            checkpoint: self.checkpoint,
            checkpoint_age_s: self
                .listed_ms
                .map(|at_ms| self.now_ms.saturating_sub(at_ms).div_euclid(1_000)),
            oldest: oldest.map(|(company_id, _)| company_id.clone()),
            oldest_s: oldest.map(|(_, since)| (self.now_ms - since).max(0) / 1_000),
        }
    }
}
