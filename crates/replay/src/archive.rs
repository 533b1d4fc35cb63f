//! Letters that are not needed any more: discarded with a reason and for a time, and brought back if that was wrong.
//!
//! Copy, confirm, then remove, in both directions: an interruption leaves a second copy and never a gap.

use super::{
    browse::{browser::Taken, filter::Filter, guarded::GuardedBrowser},
    letter::{Archived, Letter},
    workspace::Workspace,
};

use pipeline::{
    accounting::{Account, Entry},
    cause::chain,
    disposition::Disposition,
    message::Outgoing,
};

use anyhow::Context;
use serde::Serialize;
use std::time::Duration;

/// How long a letter stays in the archive unless the operator says otherwise.
pub const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);
const CHUNK: usize = 200;

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
/// When the broker goes away; what was not moved is still there.
pub async fn discard(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    keep: Duration,
    view: impl FnMut(u64),
) -> anyhow::Result<Moved> {
    workspace.rt.broker.declare_archive(workspace.stage).await?;
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let operation = format!("d-{stamp}-{:04x}", rand::random::<u16>());
    let mut mover = Mover::new(workspace, operation.clone(), Disposition::Discarded, view);
    let browser = workspace.browse("discard").await?;
    let chosen = |letter: &Letter, moved| !filter.is_full(moved) && filter.matches(letter);
    mover
        .go(browser, chosen, |letter| {
            archived_copy(workspace, letter, &operation, reason, keep)
        })
        .await
}

/// Brings back what an operation archived, to the end of the dead letters.
///
/// # Errors
/// When the broker goes away; what was not moved is still in the archive.
pub async fn undo(workspace: &Workspace, operation: &str, view: impl FnMut(u64)) -> anyhow::Result<Moved> {
    let mut mover = Mover::new(workspace, operation.to_owned(), Disposition::Dead, view);
    let browser = workspace.browse_at(workspace.stage, true, "undo").await?;
    let queue = workspace.rt.namespace.dead_queue(workspace.stage);
    let back = |letter: &Letter| letter.moved(queue.clone(), |envelope| envelope.archived = None);
    let chosen = |letter: &Letter, _| {
        letter
            .archived()
            .is_some_and(|archived| archived.operation == operation)
    };
    mover.go(browser, chosen, back).await
}

struct Mover<'a, V> {
    workspace: &'a Workspace,
    report: Moved,
    /// What is accounted for a moved letter.
    disposition: Disposition,
    view: V,
}

impl<'a, V: FnMut(u64)> Mover<'a, V> {
    fn new(workspace: &'a Workspace, operation: String, disposition: Disposition, view: V) -> Self {
        let report = Moved {
            operation,
            ..Moved::default()
        };
        Self {
            workspace,
            report,
            disposition,
            view,
        }
    }

    async fn go(
        &mut self,
        mut browser: GuardedBrowser,
        chosen: impl Fn(&Letter, u64) -> bool,
        copy: impl Fn(&Letter) -> Outgoing,
    ) -> anyhow::Result<Moved> {
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            self.report.interrupted = self.workspace.rt.shutdown.is_requested();
            let next = if self.report.interrupted {
                None
            } else {
                browser.next().await?
            };
            let end = next.is_none();
            if let Some(taken) = next {
                if chosen(&taken.letter, self.report.moved + chunk.len() as u64) {
                    chunk.push(taken);
                } else {
                    self.report.left += 1;
                }
            }
            if chunk.len() == CHUNK || (end && !chunk.is_empty()) {
                self.shift(&mut chunk, &copy).await?;
                browser.flush().await?;
                (self.view)(self.report.moved);
            }
            if end {
                break;
            }
        }
        self.report.left += u64::from(browser.unseen());
        browser.close().await?;
        Ok(std::mem::take(&mut self.report))
    }

    async fn shift(
        &mut self,
        chunk: &mut Vec<Taken>,
        copy: &impl Fn(&Letter) -> Outgoing,
    ) -> anyhow::Result<()> {
        let copies = chunk.iter().map(|taken| copy(&taken.letter)).collect();
        self.workspace
            .rt
            .publisher
            .publish(copies)
            .await
            .context("move letters")?;
        let mut subjects = Vec::with_capacity(chunk.len());
        for taken in chunk.drain(..) {
            taken.remove().await;
            let record = taken.letter.record;
            subjects.push((record.run_id, record.company_id));
            self.report.moved += 1;
        }
        self.enter(&subjects).await;
        Ok(())
    }

    /// Enters it into the account (I9). The letters themselves are moved in any case. What is brought back is listed
    /// again first, because the account closes a record once.
    async fn enter(&self, subjects: &[(String, String)]) {
        let account = Account::new(
            self.workspace.rt.store.clone(),
            self.workspace.rt.namespace.clone(),
        );
        let mut written = Ok(0);
        if self.disposition != Disposition::Discarded {
            for (run, company) in subjects.iter().filter(|(run, _)| !run.is_empty()) {
                let listed = account.list(run, std::slice::from_ref(company)).await;
                written = written.and(listed);
            }
        }
        let entries: Vec<_> = subjects
            .iter()
            .map(|(run, company)| Entry {
                run,
                company,
                disposition: self.disposition,
                stage: self.workspace.stage,
                rule: None,
            })
            .collect();
        if let Err(error) = written.and(account.record(&entries).await) {
            tracing::warn!(
                error = chain(&error),
                "the account does not know of these letters"
            );
        }
    }
}
