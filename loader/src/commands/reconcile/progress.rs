//! How far a comparison has come, in Redis: the next run goes on there, unless the form was read anew in between.

use anyhow::Context as _;
use pipeline::store::{self, Store};
use serde::{Deserialize, Serialize};

use super::findings::Findings;
use crate::write::Writer;

/// A comparison that nobody went on with for this long is begun again.
const KEPT_S: u64 = 3600;

/// What is read next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// Rows of the form behind this one.
    Form(String),
    /// Customers of the ledger from this cursor on.
    Ledger(u64),
}

/// A comparison that was begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Of which form, with which index, and whether it fixes.
    subject: String,
    pub(super) next: Next,
    pub(super) findings: Findings,
}

/// Where it is kept.
pub(super) struct Place {
    store: Store,
    key: String,
    subject: String,
}

impl Place {
    pub(super) fn new(writer: &Writer, fix: bool) -> Self {
        let (app, entry) = writer.vendor.client.form();
        Self {
            store: writer.runtime.store.clone(),
            key: writer.runtime.namespace.reconcile_key(),
            subject: format!("{app}/{entry} {} {fix}", writer.ledger.epoch()),
        }
    }

    /// The comparison to go on with, and whether it was begun before.
    pub(super) async fn open(&self, restart: bool) -> anyhow::Result<(Progress, bool)> {
        let mut command = redis::cmd("GET");
        command.arg(&self.key);
        let mut connection = self
            .store
            .connection()
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let kept: Result<Option<String>, redis::RedisError> = command.query_async(&mut *connection).await;
        let kept = kept.map_err(store::Error::from)?;
        // What cannot be read is of another version.
        let kept = kept.and_then(|text| serde_json::from_str::<Progress>(&text).ok());
        Ok(
            match kept.filter(|kept| !restart && kept.subject == self.subject) {
                Some(progress) => (progress, true),
                None => {
                    let begun = Progress {
                        subject: self.subject.clone(),
                        next: Next::Form(String::new()),
                        findings: Findings::default(),
                    };
                    (begun, false)
                }
            },
        )
    }

    pub(super) async fn keep(&self, progress: &Progress) -> anyhow::Result<()> {
        let text = serde_json::to_string(progress)?;
        let mut command = redis::cmd("SET");
        command.arg(&self.key).arg(text).arg("EX").arg(KEPT_S);
        self.run(&command).await
    }

    /// It is complete.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        let mut command = redis::cmd("DEL");
        command.arg(&self.key);
        self.run(&command).await
    }

    async fn run(&self, command: &redis::Cmd) -> anyhow::Result<()> {
        let mut connection = self
            .store
            .connection()
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let ran: Result<(), redis::RedisError> = command.query_async(&mut *connection).await;
        Ok(ran.map_err(store::Error::from)?)
    }
}
