//! Who has taken the letters of a queue: a process that stands still loses its lease within seconds, and the letters
//! come back only when the broker misses its heartbeats. Until then a look must not say that there are none.

use crate::error::Result;
use pipeline::store::{Script, Store};
use serde::Deserialize;
use std::{collections::HashMap, sync::LazyLock, time::Duration};
use tokio::task::JoinHandle;

/// Longer than the broker keeps a connection whose heartbeats it misses.
const KEPT: Duration = Duration::from_secs(60);
const RENEWED: Duration = Duration::from_secs(10);

static ENTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("enter.lua")));

/// Somebody who has taken letters and has not said that they are back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Holder {
    /// Who, from where and what for.
    #[serde(default)]
    pub(crate) by: String,
    /// When it is forgotten, unless it is renewed: unix milliseconds by Redis' clock, which is everybody's.
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

impl Presence {
    pub(crate) async fn enter(store: &Store, key: String, by: String, letters: u32) -> Result<Self> {
        let since = jiff::Timestamp::now().as_millisecond();
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

    /// Whether nobody else may hold letters of the queue, as far as Redis knows.
    pub(crate) async fn is_alone(&self) -> Result<bool> {
        let known = others(&self.store, &self.key).await?;
        Ok(known.iter().all(|holder| holder.by == self.by))
    }

    /// The letters are back.
    pub(crate) async fn leave(self) -> Result<()> {
        let mut connection = self.store.connection().await?;
        let command = redis::cmd("HDEL").arg(&self.key).arg(&self.by).clone();
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}

async fn write(store: &Store, key: &str, by: &str, since: i64, letters: u32) -> Result<()> {
    let args = [
        by.to_owned(),
        since.to_string(),
        letters.to_string(),
        KEPT.as_millis().to_string(),
    ];
    Ok(store.invoke(&ENTER, &[key.to_owned()], &args).await?)
}

/// Who else may hold letters of a queue.
pub(crate) async fn others(store: &Store, key: &str) -> Result<Vec<Holder>> {
    let mut connection = store.connection().await?;
    let mut pipe = redis::pipe();
    pipe.cmd("HGETALL").arg(key).cmd("TIME");
    let (fields, (seconds, micros)): (HashMap<String, String>, (i64, i64)) =
        pipe.query_async(&mut *connection).await?;
    let now = seconds * 1_000 + micros / 1_000;
    let read = |(by, json): (String, String)| {
        let holder: Holder = serde_json::from_str(&json).ok()?;
        (holder.until > now).then_some(Holder { by, ..holder })
    };
    Ok(fields.into_iter().filter_map(read).collect())
}
