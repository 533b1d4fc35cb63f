//! What all replicas together have notified people of: one notice per interval, and one end per beginning.
//!
//! Three keys per problem. `quiet` expires with the interval and lets no replica send it again before; the end of the problem cuts
//! it short, so that one that comes back is told of: the last word must not be that all is well. `open` stands from the first notice to the end; the replica that deletes it notifies of the
//! end and leaves `ended`. What Redis does not know of, because it was away or lost it, has neither: then the first
//! replica that has sent the notice itself notifies of the end.

use crate::{
    names::Namespace,
    store::{Script, Store},
};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
    time::{Duration, Instant},
};

static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("end.lua")));
static OVER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("over.lua")));

/// A problem that was not ended is forgotten after this.
const OPEN_FOR_S: u64 = 7 * 86_400;

/// A problem that ended is told of again after this at the earliest: one that comes and goes fills nobody's screen.
const COMES_BACK_AFTER: Duration = Duration::from_secs(60);

/// Remembers in Redis, and in the process while Redis is away.
pub(super) struct Memory {
    store: Store,
    namespace: Namespace,
    every: Duration,
    /// When Redis was asked last whether a notice may be sent.
    asked: HashMap<String, Instant>,
    /// Since when no notice is sent while Redis is away.
    own: HashMap<String, Instant>,
    /// Problems of which this process has sent the notice, and not the end.
    sent: HashSet<String>,
}

impl Memory {
    pub(super) fn new(store: Store, namespace: Namespace, every: Duration) -> Self {
        Self {
            store,
            namespace,
            every,
            asked: HashMap::new(),
            own: HashMap::new(),
            sent: HashSet::new(),
        }
    }

    /// Whether it is this process that has to notify of the problem now.
    pub(super) async fn may_notify(&mut self, key: &str) -> bool {
        if !self.is_due(key) {
            return false;
        }
        // Without Redis, the alert that Redis is away must still get out, if need be once per replica.
        let quiet = |at: &Instant| at.elapsed() < self.every;
        let is_quiet = self.own.get(key).is_some_and(quiet);
        // What was sent from here while Redis was away is not sent again when it is back.
        let first = match is_quiet && self.sent.contains(key) {
            true => false,
            false => self.claim(key).await.unwrap_or(!is_quiet),
        };
        self.asked.insert(key.to_owned(), Instant::now());
        if !is_quiet {
            self.own.insert(key.to_owned(), Instant::now());
        }
        if first {
            self.sent.insert(key.to_owned());
        }
        first
    }

    /// Forgets that a notice was sent, because it did not arrive.
    pub(super) async fn forget(&mut self, key: &str) {
        self.ask_anew(key);
        self.sent.remove(key);
        let delete = async {
            let mut connection = self.store.connection().await?;
            redis::cmd("DEL")
                .arg(self.key("quiet", key))
                .query_async::<()>(&mut *connection)
                .await?;
            Ok::<_, crate::store::Error>(())
        };
        if let Err(error) = delete.await {
            tracing::debug!(%error, "notice stays claimed");
        }
    }

    /// Remembers that the problem is over, if anybody has it; whether any process has notified of it and none of its end, as far
    /// as Redis knows.
    pub(super) async fn over(&self, key: &str) -> bool {
        let keys = ["open", "quiet", "over"].map(|kind| self.key(kind, key));
        let args = [OPEN_FOR_S];
        self.store.invoke(&OVER, &keys, &args).await.unwrap_or(false)
    }

    /// How long ago a process said that the problem is over, as far as Redis knows.
    pub(super) async fn over_since(&self, key: &str) -> Option<Duration> {
        let ask = async {
            let mut connection = self.store.connection().await?;
            let mut pipe = redis::pipe();
            pipe.cmd("GET").arg(self.key("over", key)).cmd("TIME");
            let (over, (seconds, micros)): (Option<i64>, (i64, i64)) =
                pipe.query_async(&mut *connection).await?;
            let now_ms = seconds * 1_000 + micros / 1_000;
            let age = over.and_then(|over| u64::try_from(now_ms - over).ok());
            Ok::<_, crate::store::Error>(age.map(Duration::from_millis))
        };
        ask.await.unwrap_or_default()
    }

    /// Whether Redis may be asked for a notice again: another process may have ended the problem meanwhile, and it came back.
    pub(super) fn is_due(&self, key: &str) -> bool {
        let asked = self.asked.get(key);
        asked.is_none_or(|asked| asked.elapsed() >= self.every.min(COMES_BACK_AFTER))
    }

    /// Another process has ended the problem.
    pub(super) fn leave(&mut self, key: &str) {
        self.sent.remove(key);
        self.ask_anew(key);
    }

    /// When the problem comes back, Redis says whether it is too early.
    fn ask_anew(&mut self, key: &str) {
        self.asked.remove(key);
        self.own.remove(key);
    }

    /// Whether it is this process that has to notify of the end.
    pub(super) async fn may_notify_of_end(&mut self, key: &str) -> bool {
        let sent_here = self.sent.remove(key);
        self.ask_anew(key);
        let keys = [
            self.key("open", key),
            self.key("ended", key),
            self.key("quiet", key),
        ];
        let keep = interval_ms(self.every).saturating_mul(2);
        let args = [
            u64::from(sent_here),
            keep,
            interval_ms(self.every.min(COMES_BACK_AFTER)),
        ];
        self.store.invoke(&END, &keys, &args).await.unwrap_or(sent_here)
    }

    async fn claim(&self, key: &str) -> Result<bool, crate::store::Error> {
        let mut connection = self.store.connection().await?;
        let mut claim = redis::cmd("SET");
        claim
            .arg(self.key("quiet", key))
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(interval_ms(self.every));
        let claimed: Option<String> = claim.query_async(&mut *connection).await?;
        let mut open = redis::cmd("SET");
        open.arg(self.key("open", key)).arg(1).arg("EX").arg(OPEN_FOR_S);
        if claimed.is_some() {
            open.query_async::<()>(&mut *connection).await?;
            redis::cmd("DEL")
                .arg(self.key("ended", key))
                .query_async::<()>(&mut *connection)
                .await?;
        }
        Ok(claimed.is_some())
    }

    fn key(&self, kind: &str, key: &str) -> String {
        self.namespace.alert_key(kind, key)
    }
}

fn interval_ms(every: Duration) -> u64 {
    u64::try_from(every.as_millis())
        .unwrap_or(u64::MAX / 4)
        .clamp(1, u64::MAX / 4)
}
