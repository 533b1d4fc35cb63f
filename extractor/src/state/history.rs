//! The runs that have ended, as `status` shows them.

use super::{Run, RunKind, State};
use pipeline::store::Error;
use serde::{Deserialize, Serialize};

/// A run that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HistoryEntry {
    /// What kind of run; written as `job` from the beginning, and read by older replicas and scripts.
    #[serde(rename = "job")]
    pub kind: RunKind,
    /// The run as it ended.
    #[serde(flatten)]
    pub run: Run,
}

impl HistoryEntry {
    /// It was made by a schedule and found nothing.
    fn is_empty(&self) -> bool {
        matches!(self.kind, RunKind::Live | RunKind::Remedy | RunKind::LookBack) && self.run.listed == 0
    }
}

impl State {
    /// The last runs, newest first.
    pub(crate) async fn history(&self, most: usize) -> Result<Vec<HistoryEntry>, Error> {
        self.history_of(most, |_| true).await
    }

    /// The last runs that listed something or that somebody has asked for, newest first.
    pub(crate) async fn eventful(&self, most: usize) -> Result<Vec<HistoryEntry>, Error> {
        self.history_of(most, |entry| !entry.is_empty()).await
    }

    /// The run that ended last, whatever it has found.
    pub(crate) async fn last_run(&self) -> Result<Option<Run>, Error> {
        Ok(self.history_of(1, |_| true).await?.pop().map(|entry| entry.run))
    }

    async fn history_of(
        &self,
        most: usize,
        wanted: impl Fn(&HistoryEntry) -> bool,
    ) -> Result<Vec<HistoryEntry>, Error> {
        const AT_ONCE: usize = 200;
        let mut connection = self.store.connection().await?;
        let (mut found, mut from) = (Vec::new(), 0);
        while found.len() < most {
            let entries: Vec<String> = redis::cmd("LRANGE")
                .arg(self.history_key())
                .arg(from)
                .arg(from + AT_ONCE - 1)
                .query_async(&mut *connection)
                .await?;
            let read = entries
                .iter()
                .filter_map(|entry| serde_json::from_str(entry).ok());
            found.extend(read.filter(|entry| wanted(entry)).take(most - found.len()));
            if entries.len() < AT_ONCE {
                break;
            }
            from += AT_ONCE;
        }
        Ok(found)
    }
}
