//! What is remembered of events in Redis: who is fetched because of one, and who was announced by one.
//!
//! Everything is bounded and may be lost: then a customer is fetched once more, or a lost event is not counted.

use pipeline::{
    names::Namespace,
    store::{Error, Script, Store},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

static RESERVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("reserve.lua")));
static CONFIRM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("confirm.lua")));
static LISTED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("listed.lua")));
static SWEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("sweep.lua")));

/// A second event this soon after a fetch was asked for asks for another one, later.
const WINDOW: Duration = Duration::from_secs(3);
/// The confirm of a publish is waited for at most so long.
pub(super) const HOLD: Duration = Duration::from_secs(10);
/// Customers within a window; what is more is left to the listing.
const MOST_AT_ONCE: u32 = 10_000;
/// Customers of whom nothing was loaded, within a minute: a small part of the usual quota.
const MOST_UNKNOWN: usize = 60;
/// Customers whose last event is remembered, and listed ones whose event may still come.
const REMEMBERED: u32 = 100_000;
/// By how much OKKI's clock may be ahead of Redis'.
const SLACK: Duration = Duration::from_secs(60);
/// An event that comes later than this after its change counts as lost.
const LATE: Duration = Duration::from_secs(20);
/// Counted at a time.
const SWEPT: u32 = 1_000;

/// Reads and writes the keys of events.
#[derive(Clone)]
pub(crate) struct Memory {
    store: Store,
    namespace: Namespace,
}

/// What becomes of the customers of a push.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reserved {
    /// Fetched at once.
    pub now: Vec<String>,
    /// Fetched a moment ago, so once more in a while.
    pub later: Vec<String>,
    /// Going to be fetched anyway.
    pub known: Vec<String>,
    /// Another push publishes them at this moment.
    pub unconfirmed: Vec<String>,
    /// Too many at once.
    pub full: Vec<String>,
}

/// What events came to, over all replicas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// When the first one came, unix milliseconds.
    pub since_ms: i64,
    /// When the last one came.
    pub last_ms: i64,
    /// Events about customers.
    pub events: u64,
    /// Events that came after their change was listed.
    pub late: u64,
    /// Listed changes without an event.
    pub lost: u64,
}

impl Memory {
    #[must_use]
    pub(crate) fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// Plans the fetches of these customers; `wait` is how long a later one waits at least.
    pub(super) async fn reserve(&self, ids: &[String], wait: Duration) -> Result<Reserved, Error> {
        let mut args = vec![ms(WINDOW), ms(wait), ms(HOLD), MOST_AT_ONCE.to_string()];
        args.extend(ids.iter().cloned());
        let words: Vec<String> = self.store.invoke(&RESERVE, &self.keys(), &args).await?;
        let mut reserved = Reserved::default();
        for (id, word) in ids.iter().zip(words) {
            let list = match word.as_str() {
                "now" => &mut reserved.now,
                "later" => &mut reserved.later,
                "known" => &mut reserved.known,
                "unconfirmed" => &mut reserved.unconfirmed,
                _ => &mut reserved.full,
            };
            list.push(id.clone());
        }
        Ok(reserved)
    }

    /// How many of so many customers of whom nothing was loaded yet are fetched because of an event. Whoever knows the
    /// path may make up ids, and each costs calls that changes wait behind; the listing finds those who are real.
    pub(super) async fn room_for_unknown(&self, wanted: usize) -> Result<usize, Error> {
        let key = self.namespace.hook_keys().unknown;
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.atomic()
            .cmd("SET")
            .arg(&key)
            .arg(0)
            .arg("EX")
            .arg(60)
            .arg("NX")
            .ignore();
        pipe.cmd("INCRBY").arg(&key).arg(wanted);
        let (after,): (usize,) = pipe.query_async(&mut *connection).await?;
        let before = after.saturating_sub(wanted);
        Ok(wanted.min(MOST_UNKNOWN.saturating_sub(before)))
    }

    /// The refs of the reserved ones are confirmed by the broker.
    pub(super) async fn confirm(&self, reserved: &Reserved) -> Result<(), Error> {
        let ours = reserved.now.iter().chain(&reserved.later);
        let count = reserved.now.len() + reserved.later.len();
        let events = count + reserved.known.len();
        let mut args = vec![REMEMBERED.to_string(), events.to_string(), count.to_string()];
        args.extend(ours.chain(&reserved.known).cloned());
        self.store.invoke::<u64>(&CONFIRM, &self.keys(), &args).await?;
        Ok(())
    }

    /// Their refs are not published.
    pub(super) async fn undo(&self, reserved: &Reserved) -> Result<(), Error> {
        let ids: Vec<&String> = reserved.now.iter().chain(&reserved.later).collect();
        let [recent, unconfirmed, ..] = self.keys();
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for key in [recent, unconfirmed] {
            pipe.cmd("ZREM").arg(key).arg(&ids).ignore();
        }
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// A live run lists these customers with their update times.
    pub(crate) async fn listed(&self, items: impl Iterator<Item = (&str, i64)>) -> Result<(), Error> {
        let mut args = vec![ms(SLACK), REMEMBERED.to_string()];
        let timed = items.filter(|(_, time)| *time > 0);
        args.extend(timed.flat_map(|(id, time)| [id.to_owned(), time.to_string()]));
        if args.len() > 2 {
            self.store.invoke::<u64>(&LISTED, &self.keys(), &args).await?;
        }
        Ok(())
    }

    /// Counts the lost events of by now; how many there are since the last time.
    pub(super) async fn sweep(&self) -> Result<u64, Error> {
        self.store
            .invoke(&SWEEP, &self.keys(), &[ms(LATE), SWEPT.to_string()])
            .await
    }

    /// `None` before the first event.
    pub(crate) async fn counts(&self) -> Result<Option<Counts>, Error> {
        let [.., counts] = self.keys();
        let mut connection = self.store.connection().await?;
        let fields: BTreeMap<String, i64> = redis::cmd("HGETALL")
            .arg(counts)
            .query_async(&mut *connection)
            .await?;
        let number = |name: &str| fields.get(name).copied().unwrap_or(0);
        Ok(fields.get("since_ms").map(|since_ms| Counts {
            since_ms: *since_ms,
            last_ms: number("last_ms"),
            events: number("events").unsigned_abs(),
            late: number("late").unsigned_abs(),
            lost: number("lost").unsigned_abs(),
        }))
    }

    fn keys(&self) -> [String; 5] {
        self.namespace.hook_keys().all()
    }
}

fn ms(duration: Duration) -> String {
    duration.as_millis().to_string()
}
