//! Letters that are not needed any more: discarded with a reason and for a time, and brought back if that was wrong.
//!
//! Written down, copied, confirmed, removed, in both directions: whatever is killed in between, the next look finds each
//! letter once ([`crate::transit`]).

mod mover;

use super::{
    browse::Filter,
    error::{Error, Result},
    letter::{Archived, Letter},
    operation::{Draft, Kind, Operation, Operations, Running, new_id, undoing},
    query::{Query, Word},
    workspace::Workspace,
};
use mover::Mover;
pub(crate) use mover::{enter, subjects_of};
use pipeline::{disposition::Disposition, message::Outgoing};

use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// How long a letter stays in the archive unless the operator says otherwise.
pub const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);

/// The broker counts the milliseconds in 32 bits.
pub const LONGEST: Duration = Duration::from_secs(49 * 24 * 3600);

/// What was moved.
#[derive(Debug, Default, Serialize)]
pub struct Moved {
    /// The operation, for `undo`.
    pub operation: String,
    /// Letters moved.
    pub moved: u64,
    /// Letters left where they were.
    pub left: u64,
    /// The operator stopped it before the end.
    pub interrupted: bool,
    /// Who may hold letters that could not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

/// The copy of a repaired letter as it was.
pub(crate) fn original(workspace: &Workspace, letter: &Letter, plan: &str, reason: &str) -> Outgoing {
    archived_copy(workspace, letter, plan, reason, KEEP)
}

fn archived_copy(
    workspace: &Workspace,
    letter: &Letter,
    operation: &str,
    reason: &str,
    keep: Duration,
) -> Outgoing {
    let archived = Archived {
        operation: operation.to_owned(),
        operator: workspace.operator.clone(),
        reason: reason.to_owned(),
        at: jiff::Timestamp::now().as_millisecond(),
    };
    let queue = workspace.rt.namespace.archive_queue(workspace.stage);
    let why = serde_json::to_string(&archived).ok();
    letter
        .moved(queue, |envelope| envelope.archived = why)
        .expiring(keep)
}

/// Puts the chosen letters into the archive.
///
/// # Errors
/// When the broker or Redis goes away; what was not moved is still there.
pub async fn discard(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    keep: Duration,
    view: impl FnMut(u64),
) -> Result<Moved> {
    let draft = Draft {
        kind: Kind::Discard,
        id: new_id('d'),
        filter,
        which: None,
        reason,
        of: None,
        keep,
    };
    into_archive(workspace, draft, view).await
}

async fn into_archive(workspace: &Workspace, draft: Draft<'_>, view: impl FnMut(u64)) -> Result<Moved> {
    let (filter, reason, keep) = (draft.filter.clone(), draft.reason.to_owned(), draft.keep);
    let undone = draft.of.map(str::to_owned);
    workspace.rt.broker.declare_archive(workspace.stage).await?;
    let running = Running::begin(workspace, draft).await?;
    let operation = running.id.clone();
    (workspace.notice)(&words::tr!(
        "operation {operation}; `dead undo {operation}` takes it back"
    ));
    let mut mover = Mover::new(
        workspace,
        &running,
        (false, &operation),
        Disposition::Discarded,
        view,
    );
    let before = running.before;
    let browser = workspace.browse(&words::tr!("discard {operation}")).await?;
    let chosen = |letter: &Letter, moved| match &undone {
        // Also what has been discarded and restored since.
        Some(undone) => letter.lives().any(|life| life == undone),
        None => !filter.is_full(before + moved) && filter.matches(letter),
    };
    let copy = |letter: &Letter| archived_copy(workspace, letter, &operation, &reason, keep);
    let moved = mover.go(browser, chosen, copy).await?;
    end(running, moved).await
}

/// Takes back what an operation or a repairing plan has done: brings back what it archived, to the end of the dead
/// letters, or moves what it imported into the archive.
///
/// # Errors
/// When the broker or Redis goes away; what was not moved is still where it was.
pub async fn undo(
    workspace: &Workspace,
    operation: &str,
    reason: &str,
    view: impl FnMut(u64),
) -> Result<Moved> {
    refuse_another_stage(workspace, operation).await?;
    let imported = Filter::from(Query::of(Word::RestoredBy, operation));
    let draft = Draft {
        kind: Kind::Undo,
        id: undoing(operation),
        filter: &imported,
        which: Some(words::kept!("what {operation} moved")),
        reason,
        of: Some(operation),
        keep: KEEP,
    };
    let moved = if operation.starts_with("i-") {
        into_archive(workspace, draft, view).await?
    } else {
        out_of_archive(workspace, operation, draft, view).await?
    };
    if !moved.interrupted && moved.moved > 0 {
        Operations::of(workspace).undone(operation).await?;
    }
    Ok(moved)
}

async fn out_of_archive(
    workspace: &Workspace,
    operation: &str,
    draft: Draft<'_>,
    view: impl FnMut(u64),
) -> Result<Moved> {
    let running = Running::begin(workspace, draft).await?;
    let mut mover = Mover::new(workspace, &running, (true, operation), Disposition::Dead, view);
    let purpose = words::tr!("undo {operation}");
    let browser = workspace.browse_at(workspace.stage, true, &purpose).await?;
    let queue = workspace.rt.namespace.dead_queue(workspace.stage);
    let back = |letter: &Letter| {
        letter.moved(queue.clone(), |envelope| {
            envelope.archived = None;
            envelope.life = Some(letter.brought_back_by(operation));
        })
    };
    let chosen = |letter: &Letter, _| {
        letter
            .archived()
            .is_some_and(|archived| archived.operation == operation)
    };
    let moved = mover.go(browser, chosen, back).await?;
    end(running, moved).await
}

async fn end(running: Running<'_>, moved: Moved) -> Result<Moved> {
    let result = json!({"moved": moved.moved, "left": moved.left, "interrupted": moved.interrupted});
    running.end(moved.interrupted, result).await?;
    Ok(moved)
}

async fn refuse_another_stage(workspace: &Workspace, operation: &str) -> Result<()> {
    let of = match Operations::of(workspace).find(operation).await? {
        Some(known) => known.stage,
        None => return Ok(()),
    };
    if of == workspace.stage.name() {
        return Ok(());
    }
    Err(Error::WrongStage {
        what: "operation",
        id: operation.to_owned(),
        of,
        here: workspace.stage,
    })
}

/// Completes an operation that was interrupted.
///
/// # Errors
/// When it is over, cannot be completed, or belongs to another stage; when the broker or Redis goes away.
pub async fn resume(workspace: &Workspace, operation: Operation, view: impl FnMut(u64)) -> Result<Moved> {
    refuse_another_stage(workspace, &operation.id).await?;
    if operation.state.is_over() {
        let (id, state) = (&operation.id, operation.state.name());
        return Err(Error::NotNow(words::tr!("operation {id} is {state} already")));
    }
    match (operation.kind, operation.of.as_deref(), &operation.chosen) {
        (Kind::Undo, Some(of), _) => undo(workspace, of, &operation.reason, view).await,
        (Kind::Discard, _, Some(filter)) => {
            let draft = Draft {
                kind: Kind::Discard,
                id: operation.id.clone(),
                filter,
                which: None,
                reason: &operation.reason,
                of: None,
                keep: operation.keep,
            };
            into_archive(workspace, draft, view).await
        }
        _ => Err(Error::NotNow(words::tr!(
            "operation {0} needs its file: import it again, which adds what is missing, or `dead undo {0}`",
            operation.id
        ))),
    }
}
