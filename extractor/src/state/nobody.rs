//! Since which checkpoint the listing has shown nobody, and who lies ahead of every window, kept beside it for every replica
//! and for `status`.

use super::{RunKind, State, json};
use crate::okki::{ListItem, time};
use pipeline::store::Error;
use serde::{Deserialize, Serialize};

impl State {
    /// Keeps since which checkpoint the listing has shown nobody, or that it shows somebody again.
    pub(crate) async fn keep_nobody(&self, since: Option<i64>) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let key = self.kind_key(RunKind::Live);
        let mut command = redis::cmd(if since.is_some() { "HSETNX" } else { "HDEL" });
        command.arg(key).arg("nobody").arg(since);
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}

/// Groups of a listing of several.
impl State {
    /// The group shows somebody, unix seconds.
    pub(crate) async fn group_seen(&self, group: &str, at: i64) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HSET")
            .arg(self.namespace.groups_seen_key())
            .arg(group)
            .arg(at)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// When it was last seen to do so.
    pub(crate) async fn group_seen_at(&self, group: &str) -> Result<Option<i64>, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HGET")
            .arg(self.namespace.groups_seen_key())
            .arg(group)
            .query_async(&mut *connection)
            .await?)
    }
}

/// Customers whose update times lie ahead of every window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beyond {
    /// How many.
    pub count: u64,
    /// Some of them, with their times.
    pub examples: Vec<(String, i64)>,
    /// Spans and rows of it that could not be read.
    #[serde(default)]
    pub unread: u64,
}

impl Beyond {
    /// Of whom to tell.
    const SHOWN: usize = 5;

    /// Counts these.
    pub(crate) fn add(&mut self, items: &[ListItem]) {
        self.count += items.len() as u64;
        let room = Self::SHOWN.saturating_sub(self.examples.len());
        let shown = items.iter().take(room);
        self.examples
            .extend(shown.map(|item| (item.company_id.clone(), item.update_time)));
    }

    const fn is_any(&self) -> bool {
        self.count > 0 || self.unread > 0
    }

    /// For people.
    pub(crate) fn told(&self) -> String {
        let one = |(id, at): &(String, i64)| format!("{id} ({})", time::format(*at));
        let examples: Vec<String> = self.examples.iter().map(one).collect();
        let known = words::tr!(
            "{} customers have an update time in the future and are loaded as they are now: {}; have OKKI put them right",
            self.count,
            words::list(&examples)
        );
        match self.unread {
            0 => known,
            unread => words::sentences(&[
                &known,
                &words::tr!("{unread} places there could not be read, and customers of them may be missing"),
            ]),
        }
    }
}

impl State {
    /// Keeps who lies ahead of every window; nobody is forgotten.
    pub(crate) async fn keep_beyond(&self, beyond: &Beyond) -> Result<(), Error> {
        let key = self.kind_key(RunKind::Live);
        let mut command = redis::cmd(if beyond.is_any() { "HSET" } else { "HDEL" });
        command.arg(key).arg("beyond");
        if beyond.is_any() {
            command.arg(json(beyond));
        }
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}
