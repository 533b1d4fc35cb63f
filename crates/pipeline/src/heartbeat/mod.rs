//! Which replicas there are and how they stand: each says every few seconds in Redis what its `/status` shows, so that one
//! place can show all of them without knowing their ports.
//!
//! Ages are those of Redis' clock. A replica that says nothing for [`FRESH_MS`] is silent: it has died, or cannot reach
//! Redis. One that was draining and is silent has ended.

use crate::{
    gate::StandingPause,
    names::Namespace,
    shutdown::Shutdown,
    store::{Error, Script, Store},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

/// How often a replica says how it stands.
const EVERY: Duration = Duration::from_secs(5);
/// A replica that has said nothing for longer is silent.
const FRESH_MS: i64 = 15_000;
/// A silent replica is shown for so long.
const GONE_MS: i64 = 10 * 60_000;
/// A service of which nobody is left is remembered for so long.
const REMEMBERED_MS: i64 = 24 * 60 * 60_000;
/// What the parts of a replica show is left away where it is longer, bytes.
const MOST: usize = 32 * 1024;

/// What an extractor shows of itself: `on`, or `off` where it lists nothing by itself.
pub const LISTING: &str = "listing";

/// Before a service in the field that says when it was heard last.
const LAST: &str = "last ";

static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("tell.lua")));

/// How one replica stands, in its own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// `extractor`, `transformer` or `loader`.
    pub service: String,
    /// Which process: host, process id, random part.
    pub instance: String,
    /// Of the program.
    pub version: String,
    /// Which generations of what programs share it has ([`crate::generations`]); a version of before says nothing.
    #[serde(default)]
    pub generations: BTreeMap<String, u32>,
    /// Since when the process runs, by its own clock.
    pub since: Timestamp,
    /// It ends.
    pub draining: bool,
    /// Why it starts nothing now.
    pub paused: Vec<StandingPause>,
    /// What its parts show, as `/status` does; null where that is too long.
    pub status: Value,
}

/// One replica, and when it was heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replica {
    /// What it said last.
    #[serde(flatten)]
    pub heartbeat: Heartbeat,
    /// How long ago, milliseconds.
    pub heard_ms_ago: i64,
}

/// All replicas of a namespace, and Redis' time.
#[derive(Debug, Clone, Default)]
pub struct Replicas {
    /// Those that run or have fallen silent lately, by service and instance. Those that have ended are left out.
    pub replicas: Vec<Replica>,
    /// How long ago anybody of a service was heard last, milliseconds.
    pub last_ms_ago: BTreeMap<String, i64>,
    /// Unix milliseconds.
    pub now_ms: i64,
}

impl Replica {
    /// It has said nothing for a while.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.heard_ms_ago > FRESH_MS
    }
}

/// Asks Redis who is there.
///
/// # Errors
/// When Redis does not answer.
pub async fn replicas(store: &Store, namespace: &Namespace) -> Result<Replicas, Error> {
    let mut connection = store.connection().await?;
    let mut pipe = redis::pipe();
    pipe.cmd("TIME").cmd("HGETALL").arg(namespace.heartbeats_key());
    let ((seconds, micros), said): ((i64, i64), BTreeMap<String, String>) =
        pipe.query_async(&mut *connection).await?;
    let now_ms = seconds * 1_000 + micros / 1_000;
    Ok(read(&said, now_ms))
}

fn read(said: &BTreeMap<String, String>, now_ms: i64) -> Replicas {
    let ago = |said: &str| {
        let at = said.split(' ').next()?.parse::<i64>().ok()?;
        Some(now_ms.saturating_sub(at))
    };
    let last = said.iter().filter_map(|(field, said)| {
        let service = field.strip_prefix(LAST)?;
        Some((service.to_owned(), ago(said)?))
    });
    Replicas {
        replicas: said.values().filter_map(|said| heard(said, now_ms)).collect(),
        last_ms_ago: last.collect(),
        now_ms,
    }
}

/// A time and a heartbeat; `None`: it has ended, is gone, or was written by a version that says other things.
fn heard(said: &str, now_ms: i64) -> Option<Replica> {
    let (at, heartbeat) = said.split_once(' ')?;
    let replica = Replica {
        heartbeat: serde_json::from_str(heartbeat).ok()?,
        heard_ms_ago: now_ms.saturating_sub(at.parse().ok()?),
    };
    let has_ended = replica.heartbeat.draining && replica.is_silent();
    (replica.heard_ms_ago <= GONE_MS && !has_ended).then_some(replica)
}

impl Heartbeat {
    /// What the parts of a replica show, where it is short enough to be passed on.
    pub(crate) fn bounded(status: Value) -> Value {
        let is_short = serde_json::to_vec(&status).is_ok_and(|text| text.len() <= MOST);
        if is_short { status } else { Value::Null }
    }
}

/// Says how this replica stands for as long as the process lives.
pub(crate) async fn keep(
    store: Store,
    namespace: Namespace,
    shutdown: Shutdown,
    standing: impl Fn() -> Heartbeat,
) {
    loop {
        if let Err(error) = tell(&store, &namespace, &standing()).await {
            tracing::debug!(%error, "Redis did not take the heartbeat");
        }
        // Draining takes its time, too; the process ends in the middle of it.
        if shutdown.is_requested() {
            tokio::time::sleep(EVERY).await;
        } else {
            shutdown.sleep(EVERY).await;
        }
    }
}

/// Takes a replica's heartbeat away that ends in order and is not to be missed.
///
/// # Errors
/// When Redis does not do it.
pub(crate) async fn leave(
    store: &Store,
    namespace: &Namespace,
    service: &str,
    instance: &str,
) -> Result<(), Error> {
    let mut connection = store.connection().await?;
    let field = format!("{service} {instance}");
    let command = redis::cmd("HDEL")
        .arg(namespace.heartbeats_key())
        .arg(field)
        .to_owned();
    Ok(command.query_async(&mut *connection).await?)
}

pub(crate) async fn tell(store: &Store, namespace: &Namespace, heartbeat: &Heartbeat) -> Result<(), Error> {
    let text = serde_json::to_string(heartbeat).unwrap_or_default();
    let (service, instance) = (heartbeat.service.clone(), heartbeat.instance.clone());
    let limits = [GONE_MS, REMEMBERED_MS].map(|ms| ms.to_string());
    let [gone, remembered] = limits;
    let args = [service, instance, text, gone, remembered];
    store.invoke(&TELL, &[namespace.heartbeats_key()], &args).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Pause;

    fn said(at: i64, draining: bool) -> String {
        let heartbeat = Heartbeat {
            service: "loader".into(),
            instance: "host-1-a".into(),
            version: "1".into(),
            generations: BTreeMap::new(),
            since: Timestamp::UNIX_EPOCH,
            draining,
            paused: vec![StandingPause {
                reason: Pause::Quota,
                detail: "day".into(),
                since: Timestamp::UNIX_EPOCH,
            }],
            status: serde_json::json!({"loader": 1}),
        };
        format!("{at} {}", serde_json::to_string(&heartbeat).unwrap())
    }

    #[test]
    fn a_replica_is_heard_then_silent_then_gone() {
        let at = |now| heard(&said(1_000, false), now);
        let fresh = at(6_000).unwrap();
        assert_eq!((fresh.heard_ms_ago, fresh.is_silent()), (5_000, false));
        assert_eq!(fresh.heartbeat.paused[0].reason, Pause::Quota);
        assert!(at(17_000).unwrap().is_silent());
        assert!(at(1_000_000).is_none());
    }

    #[test]
    fn who_was_heard_last_is_no_replica() {
        let said = [
            ("loader host-1-a", said(1_000, false)),
            ("last loader", "1000 ".into()),
        ];
        let said = said.map(|(field, said)| (field.to_owned(), said)).into();
        let read = read(&said, 6_000);
        assert_eq!(read.replicas.len(), 1);
        assert_eq!(
            read.last_ms_ago.into_iter().collect::<Vec<_>>(),
            [("loader".to_owned(), 5_000)]
        );
    }

    #[test]
    fn one_that_was_draining_has_ended_and_strange_words_are_nobody() {
        assert!(heard(&said(1_000, true), 2_000).is_some());
        assert!(heard(&said(1_000, true), 17_000).is_none());
        for strange in ["", "7", "x {}", "7 {}", "7 {\"service\":1}"] {
            assert!(heard(strange, 7).is_none(), "{strange}");
        }
    }
}
