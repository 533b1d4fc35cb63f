//! Who has taken the letters of a queue: a process that stands still loses its lease within seconds, and the letters
//! come back only when the broker misses its heartbeats. Until then a look must not say that there are none.

use crate::error::Result;
use pipeline::store::Store;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};
use tokio::task::JoinHandle;

/// Longer than the broker keeps a connection whose heartbeats it misses.
const KEPT: Duration = Duration::from_secs(60);
const RENEWED: Duration = Duration::from_secs(10);

/// Somebody who has taken letters and has not said that they are back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// Who, from where and what for.
    #[serde(default)]
    pub(crate) by: String,
    /// Since when, unix milliseconds.
    pub(crate) since: i64,
    /// Letters that were there then.
    pub(crate) letters: u32,
    /// When it is forgotten, unless it is renewed.
    until: i64,
}

/// This process, while it has taken letters.
pub(crate) struct Presence {
    store: Store,
    key: String,
    by: String,
    renewal: JoinHandle<()>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Presence {
    pub(crate) async fn enter(store: &Store, key: String, by: String, letters: u32) -> Result<Self> {
        let since = now();
        write(store, &key, &by, since, letters).await?;
        let (shared, place, who) = (store.clone(), key.clone(), by.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWED).await;
                // Without it others say less for a while, which loses nothing.
                drop(write(&shared, &place, &who, since, letters).await);
            }
        });
        Ok(Self {
            store: store.clone(),
            key,
            by,
            renewal,
        })
    }

    /// The letters are back.
    pub(crate) async fn leave(self) -> Result<()> {
        let mut connection = self.store.connection().await?;
        let command = redis::cmd("HDEL").arg(&self.key).arg(&self.by).clone();
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}

async fn write(store: &Store, key: &str, by: &str, since: i64, letters: u32) -> Result<()> {
    let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    let holder = Holder {
        by: String::new(),
        since,
        letters,
        until: now().saturating_add(kept),
    };
    let mut connection = store.connection().await?;
    let mut pipeline = redis::pipe();
    pipeline
        .cmd("HSET")
        .arg(key)
        .arg(by)
        .arg(serde_json::to_string(&holder)?)
        .ignore()
        .cmd("PEXPIRE")
        .arg(key)
        .arg(2 * KEPT.as_secs() * 1_000)
        .ignore();
    Ok(pipeline.query_async::<()>(&mut *connection).await?)
}

/// Who else may hold letters of a queue.
pub(crate) async fn others(store: &Store, key: &str) -> Result<Vec<Holder>> {
    let mut connection = store.connection().await?;
    let fields: HashMap<String, String> = redis::cmd("HGETALL")
        .arg(key)
        .query_async(&mut *connection)
        .await?;
    let read = |(by, json): (String, String)| {
        let holder: Holder = serde_json::from_str(&json).ok()?;
        (holder.until > now()).then_some(Holder { by, ..holder })
    };
    Ok(fields.into_iter().filter_map(read).collect())
}
