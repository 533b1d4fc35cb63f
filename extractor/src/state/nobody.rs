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

/// Customers whose update times lie ahead of every window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beyond {
    /// How many.
    pub count: u64,
    /// Some of them, with their times.
    pub examples: Vec<(String, i64)>,
}

impl Beyond {
    /// Of whom to tell.
    const SHOWN: usize = 5;

    pub(crate) fn of(items: &[ListItem]) -> Self {
        let shown = items.iter().take(Self::SHOWN);
        Self {
            count: items.len() as u64,
            examples: shown
                .map(|item| (item.company_id.clone(), item.update_time))
                .collect(),
        }
    }

    /// For people.
    pub(crate) fn told(&self) -> String {
        let one = |(id, at): &(String, i64)| format!("{id} ({})", time::format(*at));
        let examples: Vec<String> = self.examples.iter().map(one).collect();
        words::tr!(
            "{} customers have an update time in the future and are loaded as they are now: {}; have OKKI put them right",
            self.count,
            words::list(&examples)
        )
    }
}

impl State {
    /// Keeps who lies ahead of every window; nobody is forgotten.
    pub(crate) async fn keep_beyond(&self, beyond: &Beyond) -> Result<(), Error> {
        let key = self.kind_key(RunKind::Live);
        let mut command = redis::cmd(if beyond.count > 0 { "HSET" } else { "HDEL" });
        command.arg(key).arg("beyond");
        if beyond.count > 0 {
            command.arg(json(beyond));
        }
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}
