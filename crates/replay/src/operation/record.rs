//! The record of an operation, and all of them.

use crate::{
    browse::Filter,
    error::{Error, Result},
    index::Index,
    workspace::Workspace,
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Moves letters into the archive.
    Discard,
    /// Takes back what another operation has done.
    Undo,
    /// Adds letters of a file.
    Import,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Under way.
    Running,
    /// Ended before its end; it can be completed or undone.
    Interrupted,
    /// It came to its end.
    Done,
    /// Taken back.
    Undone,
}

impl Kind {
    const ALL: [(Self, &str); 3] = [
        (Self::Discard, "discard"),
        (Self::Undo, "undo"),
        (Self::Import, "import"),
    ];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        word(&Self::ALL, self)
    }
}

impl State {
    const ALL: [(Self, &str); 4] = [
        (Self::Running, "running"),
        (Self::Interrupted, "interrupted"),
        (Self::Done, "done"),
        (Self::Undone, "undone"),
    ];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        word(&Self::ALL, self)
    }

    /// Nothing is left to be completed.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Undone)
    }
}

fn word<T: Copy + PartialEq>(all: &[(T, &'static str)], one: T) -> &'static str {
    all.iter()
        .find(|(known, _)| *known == one)
        .map_or("", |(_, word)| word)
}

fn meant<T: Copy>(all: &[(T, &'static str)], word: &str) -> Option<T> {
    all.iter().find(|(_, known)| *known == word).map(|(one, _)| *one)
}

/// One operation.
#[derive(Debug, Clone, Serialize)]
pub struct Operation {
    /// Its id, by which it is completed or undone.
    pub id: String,
    /// What it does.
    pub kind: Kind,
    /// Whose letters.
    pub stage: String,
    /// Where it stands.
    pub state: State,
    /// Which letters, in words.
    pub filter: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub operator: String,
    /// Unix milliseconds.
    pub begun_at: i64,
    /// Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Letters moved so far.
    pub moved: u64,
    /// The operation that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Which letters; `None` where that cannot be read again.
    #[serde(skip)]
    pub(crate) chosen: Option<Filter>,
    /// How long what it moves is kept.
    #[serde(skip)]
    pub(crate) keep: Duration,
}

fn read(id: &str, fields: &BTreeMap<String, String>) -> Option<Operation> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
    let keep = number("keep_ms")
        .and_then(|ms: i64| u64::try_from(ms).ok())
        .unwrap_or(0);
    Some(Operation {
        id: id.to_owned(),
        kind: meant(&Kind::ALL, fields.get("kind")?)?,
        state: meant(&State::ALL, fields.get("state")?)?,
        stage: text("stage"),
        filter: text("filter"),
        reason: text("reason"),
        operator: text("operator"),
        begun_at: number("begun_at").unwrap_or(0),
        ended_at: number("ended_at"),
        moved: number("moved")
            .and_then(|moved| u64::try_from(moved).ok())
            .unwrap_or(0),
        of: fields.get("of").cloned(),
        chosen: serde_json::from_str(&text("chosen")).ok(),
        keep: Duration::from_millis(keep),
    })
}

/// The operations of a namespace.
pub struct Operations<'a>(pub(super) &'a Workspace);

impl<'a> Operations<'a> {
    /// Those of the workspace's namespace.
    #[must_use]
    pub fn of(workspace: &'a Workspace) -> Self {
        Self(workspace)
    }

    /// The operation of this id; one that nobody works at any more has been interrupted.
    ///
    /// # Errors
    /// When Redis is away, or there is no such operation.
    pub async fn load(&self, id: &str) -> Result<Operation> {
        self.find(id).await?.ok_or_else(|| Error::NotFound {
            what: "operation",
            id: id.to_owned(),
            hint: words::tr!(
                "in namespace `{}`; `dead operations` lists those that are there",
                self.0.rt.namespace
            ),
        })
    }

    pub(crate) async fn find(&self, id: &str) -> Result<Option<Operation>> {
        let namespace = &self.0.rt.namespace;
        if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Ok(None);
        }
        let mut connection = self.0.rt.store.connection().await?;
        let mut pipeline = redis::pipe();
        pipeline.cmd("HGETALL").arg(namespace.operation_key(id));
        pipeline.cmd("EXISTS").arg(namespace.operation_lease_key(id));
        let (fields, held): (BTreeMap<String, String>, bool) = pipeline.query_async(&mut *connection).await?;
        Ok(read(id, &fields).map(|mut operation| {
            if operation.state == State::Running && !held {
                operation.state = State::Interrupted;
            }
            operation
        }))
    }

    /// All of them, the newest first.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn list(&self) -> Result<Vec<Operation>> {
        let index = Index::new(&self.0.rt.store, self.0.rt.namespace.operations_key());
        let mut found = Vec::new();
        for id in index.ids().await? {
            match self.find(&id).await? {
                Some(one) => found.push(one),
                None => index.forget(&id).await?,
            }
        }
        Ok(found)
    }

    /// Another operation has taken it back.
    pub(crate) async fn undone(&self, id: &str) -> Result<()> {
        let key = self.0.rt.namespace.operation_key(id);
        let mut connection = self.0.rt.store.connection().await?;
        let there: bool = redis::cmd("EXISTS")
            .arg(&key)
            .query_async(&mut *connection)
            .await?;
        if there {
            let command = redis::cmd("HSET")
                .arg(&key)
                .arg("state")
                .arg(State::Undone.name())
                .clone();
            command.query_async::<()>(&mut *connection).await?;
        }
        Ok(())
    }
}
