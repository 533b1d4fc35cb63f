//! An operation that is under way: on record before anything moves, and followed while it does.

use super::record::{Kind, Operation, Operations, State};
use crate::{
    audit::{self, Note},
    browse::Filter,
    error::{Error, Result},
    lease::{RenewedLease, TERM},
    workspace::Workspace,
};
use pipeline::lease::Lease;
use serde_json::json;
use std::time::{Duration, Instant};

/// Operations are forgotten after this time; what they archived may be kept shorter.
const KEPT: u64 = 40 * 24 * 3600;
const POLL: Duration = Duration::from_millis(100);

/// What is going to be done.
pub(crate) struct Draft<'a> {
    pub(crate) kind: Kind,
    /// Its id; the same one goes on with what was interrupted.
    pub(crate) id: String,
    /// Which letters.
    pub(crate) filter: &'a Filter,
    /// The same in words, where no filter says it.
    pub(crate) which: Option<String>,
    pub(crate) reason: &'a str,
    pub(crate) of: Option<&'a str>,
    pub(crate) keep: Duration,
}

/// An operation under way; whoever drops it without ending it has interrupted it.
pub(crate) struct Running<'a> {
    workspace: &'a Workspace,
    pub(crate) id: String,
    kind: Kind,
    reason: String,
    filter: String,
    lease: RenewedLease,
    /// Letters that earlier runs of it have moved.
    pub(crate) before: u64,
}

/// A new id, which says when.
pub(crate) fn new_id(letter: char) -> String {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("{letter}-{stamp}-{:04x}", rand::random::<u16>())
}

/// The id of the operation that takes this one back.
pub(crate) fn undoing(operation: &str) -> String {
    format!("u-{operation}")
}

impl<'a> Running<'a> {
    /// Puts the operation on record and takes it; goes on with one that was interrupted.
    pub(crate) async fn begin(workspace: &'a Workspace, draft: Draft<'_>) -> Result<Self> {
        let lease = lease(workspace, &draft.id).await?;
        let known = Operations::of(workspace).find(&draft.id).await?;
        let filter = draft.which.unwrap_or_else(|| draft.filter.to_string());
        if known.is_none() {
            write_down(
                workspace,
                &draft.id,
                draft.kind,
                &filter,
                draft.reason,
                draft.of,
                draft.keep,
                draft.filter,
            )
            .await?;
        } else {
            set(
                workspace,
                &draft.id,
                &[("state", State::Running.name().to_owned())],
            )
            .await?;
        }
        let note = Note {
            action: draft.kind.name(),
            reason: draft.reason,
            filter: filter.clone(),
            subject: &draft.id,
            result: json!({}),
        };
        audit::append(workspace, note).await?;
        Ok(Self {
            workspace,
            id: draft.id,
            kind: draft.kind,
            reason: draft.reason.to_owned(),
            filter,
            lease,
            before: known.map_or(0, |operation: Operation| operation.moved),
        })
    }

    /// Notes letters whose copies the broker has.
    pub(crate) async fn moved(&self, letters: u64) -> Result<()> {
        let key = self.workspace.rt.namespace.operation_key(&self.id);
        let mut connection = self.workspace.rt.store.connection().await?;
        let command = redis::cmd("HINCRBY").arg(key).arg("moved").arg(letters).clone();
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// It came to its end, or was interrupted.
    pub(crate) async fn end(self, interrupted: bool, result: serde_json::Value) -> Result<()> {
        let state = if interrupted {
            State::Interrupted
        } else {
            State::Done
        };
        let now = jiff::Timestamp::now().as_millisecond().to_string();
        let fields = [("state", state.name().to_owned()), ("ended_at", now)];
        set(self.workspace, &self.id, &fields).await?;
        let note = Note {
            action: &words::kept!("{} ended", self.kind.name()),
            reason: &self.reason,
            filter: self.filter,
            subject: &self.id,
            result,
        };
        audit::append(self.workspace, note).await?;
        self.lease.release().await;
        Ok(())
    }
}

#[expect(clippy::too_many_arguments, reason = "the fields of one record")]
async fn write_down(
    workspace: &Workspace,
    id: &str,
    kind: Kind,
    filter: &str,
    reason: &str,
    of: Option<&str>,
    keep: Duration,
    chosen: &Filter,
) -> Result<()> {
    let now = jiff::Timestamp::now().as_millisecond();
    let mut fields = vec![
        ("kind", kind.name().to_owned()),
        ("state", State::Running.name().to_owned()),
        ("stage", workspace.stage.name().to_owned()),
        ("filter", filter.to_owned()),
        ("reason", reason.to_owned()),
        ("operator", workspace.operator.clone()),
        ("begun_at", now.to_string()),
        ("moved", "0".to_owned()),
        ("keep_ms", keep.as_millis().to_string()),
        ("chosen", serde_json::to_string(chosen)?),
    ];
    if let Some(of) = of {
        fields.push(("of", of.to_owned()));
    }
    set(workspace, id, &fields).await?;
    let namespace = &workspace.rt.namespace;
    let mut connection = workspace.rt.store.connection().await?;
    let mut pipeline = redis::pipe();
    pipeline
        .cmd("EXPIRE")
        .arg(namespace.operation_key(id))
        .arg(KEPT)
        .ignore();
    pipeline
        .cmd("ZADD")
        .arg(namespace.operations_key())
        .arg(now)
        .arg(id)
        .ignore();
    Ok(pipeline.query_async::<()>(&mut *connection).await?)
}

async fn set(workspace: &Workspace, id: &str, fields: &[(&str, String)]) -> Result<()> {
    let mut command = redis::cmd("HSET");
    command.arg(workspace.rt.namespace.operation_key(id));
    for (name, value) in fields {
        command.arg(name).arg(value);
    }
    let mut connection = workspace.rt.store.connection().await?;
    Ok(command.query_async::<()>(&mut *connection).await?)
}

/// One process at a time; one that was killed keeps its lease for a moment.
pub(crate) async fn lease(workspace: &Workspace, id: &str) -> Result<RenewedLease> {
    let key = workspace.rt.namespace.operation_lease_key(id);
    let begin = Instant::now();
    loop {
        let owner = workspace.owner(id);
        if let Some(lease) = Lease::acquire(&workspace.rt.store, key.clone(), &owner, TERM).await? {
            return Ok(RenewedLease::new(lease));
        }
        if begin.elapsed() > TERM + Duration::from_secs(1) {
            let by = workspace.holder(&key).await;
            return Err(Error::Busy {
                what: words::kept!("run of {id}"),
                by,
            });
        }
        if !workspace.stop.sleep(POLL).await {
            return Err(Error::Interrupted(words::text!("nothing was moved")));
        }
    }
}
