//! A browser together with the lease that keeps others from browsing the same queue at the same time, and with what a
//! look puts in order: leftovers of killed moves and second copies of letters are taken away and counted.

use super::browser::{Browser, Taken};
use crate::{
    account,
    archive::enter,
    audit::{self, Note},
    error::{Error, Result},
    lease::RenewedLease,
    letter::Letter,
    transit::{Holder, Leaving, Leftovers, Presence},
    workspace::Workspace,
};
use pipeline::{cause::logged, disposition::Disposition, stage::Stage};
use serde_json::json;
use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    ops::ControlFlow,
};

/// Browses letters while no other operator does.
pub struct GuardedBrowser {
    browser: Browser,
    workspace: Workspace,
    /// `None` when Redis is away: then nothing is put in order.
    guard: Option<Guard>,
    holders: Vec<Holder>,
    seen_all: bool,
}

pub(crate) struct Guard {
    pub(crate) lease: RenewedLease,
    pub(crate) stage: Stage,
    pub(crate) archive: bool,
    pub(crate) leftovers: Leftovers,
    pub(crate) presence: Presence,
    /// One number for each letter so far.
    pub(crate) seen: HashSet<u64>,
    pub(crate) swept: Swept,
}

/// What was taken away.
#[derive(Default)]
pub(crate) struct Swept {
    doubles: u64,
    leftovers: Vec<String>,
    /// Run and customer of letters whose discard or undo was completed by this.
    completed: Vec<(String, String)>,
}

impl GuardedBrowser {
    pub(crate) fn new(
        workspace: Workspace,
        browser: Browser,
        guard: Option<Guard>,
        holders: Vec<Holder>,
    ) -> Self {
        Self {
            browser,
            workspace,
            guard,
            holders,
            seen_all: false,
        }
    }

    /// The next letter in queue order, each once; `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Taken>> {
        while let Some(taken) = self.browser.next().await? {
            let Some(guard) = &mut self.guard else {
                return Ok(Some(taken));
            };
            if !guard.takes_away(&self.workspace, &taken).await {
                return Ok(Some(taken));
            }
        }
        self.seen_all = true;
        Ok(None)
    }

    /// Hands out letter after letter until `visit` breaks off or the operator wants to stop, and closes in any case, so that
    /// the letters return in their order.
    ///
    /// # Errors
    /// What `visit` answers; [`Error::Interrupted`]; when the broker goes away.
    pub async fn walk(mut self, mut visit: impl AsyncFnMut(Taken) -> Result<ControlFlow<()>>) -> Result<()> {
        let walked = self.visit(&mut visit).await;
        let closed = self.close().await;
        walked?;
        closed
    }

    /// As [`Self::walk`], with the letters in hand at its end.
    pub(crate) async fn visit(
        &mut self,
        visit: &mut impl AsyncFnMut(Taken) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        loop {
            if self.workspace.stop.is_requested() {
                return Err(Error::Interrupted(words::text!(
                    "everything is where it was, in its order"
                )));
            }
            let Some(taken) = self.next().await? else {
                return Ok(());
            };
            if visit(taken).await?.is_break() {
                return Ok(());
            }
        }
    }

    /// As [`Browser::unseen`].
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.browser.unseen()
    }

    /// In words, who may hold letters that cannot be seen here.
    #[must_use]
    pub fn withheld(&self) -> Option<String> {
        let names: Vec<_> = self.holders.iter().map(|holder| holder.by.as_str()).collect();
        (!names.is_empty()).then(|| {
            words::tr!(
                "{} does not answer and may hold letters; they come back within a minute",
                names.join(" and ")
            )
        })
    }

    /// Whether letters that killed operations were moving have not been seen yet, or nothing is known of that.
    #[must_use]
    pub(crate) fn expects_leftovers(&self) -> bool {
        self.guard
            .as_ref()
            .is_none_or(|guard| !guard.leftovers.is_empty())
    }

    /// As [`Browser::want`].
    pub(crate) fn want(&mut self, letters: u64) {
        self.browser.want(letters);
    }

    /// As [`Browser::keep`].
    pub(crate) fn keep(&mut self, bytes: usize) {
        self.browser.keep(bytes);
    }

    /// As [`Browser::rewind`].
    pub(crate) fn rewind(&mut self) -> bool {
        let again = self.browser.rewind();
        if let Some(guard) = self.guard.as_mut().filter(|_| again) {
            guard.seen.clear();
        }
        self.seen_all &= !again;
        again
    }

    /// As [`Browser::held`].
    pub(crate) fn held(&self) -> u32 {
        self.browser.held()
    }

    /// As [`Browser::flush`].
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> Result<()> {
        Ok(self.browser.flush().await?)
    }

    /// Returns what was taken and not removed, and lets others browse.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> Result<()> {
        let closed = self.browser.close().await;
        if let Some(guard) = self.guard {
            guard.end(&self.workspace, closed.is_ok(), self.seen_all).await;
        }
        Ok(closed?)
    }
}

impl Guard {
    /// Whether the letter was one too many: the copy of another one, or a leftover of what was moved.
    async fn takes_away(&mut self, workspace: &Workspace, taken: &Taken) -> bool {
        let letter = &taken.letter;
        let key = letter.key();
        self.leftovers.saw(&key);
        if let Some(operation) = self.leftovers.moved_by(&key) {
            let is_replay = operation.starts_with("p-");
            account::complete(workspace, (self.stage, self.archive), letter, operation).await;
            if taken.remove().await {
                if !is_replay {
                    let record = &letter.record;
                    self.swept
                        .completed
                        .push((record.run_id.clone(), record.company_id.clone()));
                }
                self.swept.leftovers.push(key);
            }
            return true;
        }
        if self.seen.insert(self.number(letter)) {
            return false;
        }
        self.swept.doubles += u64::from(taken.remove().await);
        true
    }

    /// The digits of a letter are a number; in the archive a letter may rest for several operations.
    fn number(&self, letter: &Letter) -> u64 {
        match u64::from_str_radix(letter.digits(), 16) {
            Ok(digits) if !self.archive => digits,
            _ => {
                let mut hash = DefaultHasher::new();
                letter.key().hash(&mut hash);
                letter
                    .archived()
                    .map(|archived| archived.operation)
                    .hash(&mut hash);
                hash.finish()
            }
        }
    }

    /// Remembers and says what was put in order, while nobody else can look.
    async fn end(self, workspace: &Workspace, closed: bool, seen_all: bool) {
        let Self {
            lease,
            stage,
            archive,
            leftovers,
            presence,
            swept,
            ..
        } = self;
        if closed {
            let leaving = Leaving::new(&workspace.rt.store, &workspace.rt.namespace, stage, archive);
            let mut over = swept.leftovers.clone();
            if seen_all {
                over.extend(leftovers.missing());
            }
            let noted = async {
                leaving.forget(&over).await?;
                count(workspace, stage, &swept).await?;
                presence.leave().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(
                    error = logged(&error),
                    "what a look has put in order is not noted"
                );
            }
            if !swept.completed.is_empty() {
                let became = if archive {
                    Disposition::Dead
                } else {
                    Disposition::Discarded
                };
                enter(workspace, stage, became, &swept.completed).await;
            }
            tell(workspace, &swept);
        }
        lease.release().await;
    }
}

async fn count(workspace: &Workspace, stage: Stage, swept: &Swept) -> Result<()> {
    let (doubles, leftovers) = (swept.doubles, swept.leftovers.len() as u64);
    if doubles + leftovers == 0 {
        return Ok(());
    }
    let mut connection = workspace.rt.store.connection().await?;
    let command = redis::cmd("HINCRBY")
        .arg(workspace.rt.namespace.doubles_key())
        .arg(stage.name())
        .arg(doubles + leftovers)
        .clone();
    command.query_async::<()>(&mut *connection).await?;
    drop(connection);
    let note = Note {
        action: "tidy",
        subject: stage.name(),
        result: json!({"doubles": doubles, "leftovers": leftovers}),
        ..Note::default()
    };
    Ok(audit::append(workspace, note).await?)
}

fn tell(workspace: &Workspace, swept: &Swept) {
    let (doubles, leftovers) = (swept.doubles, swept.leftovers.len());
    if doubles > 0 || leftovers > 0 {
        (workspace.notice)(&words::tr!(
            "a killed process had left {} letters twice; each is there once now",
            doubles + leftovers as u64
        ));
    }
}
