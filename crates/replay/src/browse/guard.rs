//! What a look puts in order while nobody else can look: leftovers of killed moves and second copies of letters are taken
//! away and counted.

use super::browser::Taken;
use crate::{
    account,
    archive::{enter, subjects_of},
    audit::{self, Note},
    error::Result,
    lease::RenewedLease,
    letter::Letter,
    operation::{Operations, State, undoing},
    transit::{Leaving, Leftovers, Presence},
    workspace::Workspace,
};
use pipeline::{cause::logged, disposition::Disposition, stage::Stage};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

pub(crate) struct Guard {
    pub(crate) lease: RenewedLease,
    pub(crate) stage: Stage,
    pub(crate) archive: bool,
    pub(crate) leftovers: Leftovers,
    pub(crate) presence: Presence,
    /// Nobody else could hold a letter of the queue when it was opened.
    pub(crate) alone: bool,
    /// Two numbers for each letter so far.
    pub(crate) seen: HashSet<u64>,
    pub(crate) swept: Swept,
    /// A letter of many records was seen.
    pub(crate) bundles: bool,
}

/// What was taken away.
#[derive(Default)]
pub(crate) struct Swept {
    doubles: u64,
    leftovers: Vec<String>,
    /// Run and customer of letters whose discard or undo was completed by this, by the operation.
    completed: HashMap<String, Vec<(String, String)>>,
}

impl Guard {
    /// Whether the letter was one too many: the copy of another one, or a leftover of what was moved.
    pub(super) async fn takes_away(&mut self, workspace: &Workspace, taken: &Taken) -> bool {
        let letter = &taken.letter;
        let key = letter.key();
        self.leftovers.saw(&key);
        if let Some(operation) = self.leftovers.moved_by(&key) {
            // What an undo brought back from the archive has been put back by nobody.
            let is_replay = !self.archive && operation.starts_with("p-");
            let operation = operation.to_owned();
            account::complete(workspace, (self.stage, self.archive), letter, &operation).await;
            if taken.remove().await {
                if !is_replay {
                    let of = self.swept.completed.entry(operation).or_default();
                    of.extend(subjects_of(letter));
                }
                self.swept.leftovers.push(key);
            }
            return true;
        }
        self.bundles |= !letter.customers().is_empty();
        // Both are noted, whichever makes it a copy.
        let is_new = self.names(letter).map(|name| self.seen.insert(name));
        if is_new == [true, true] {
            return false;
        }
        self.swept.doubles += u64::from(taken.remove().await);
        true
    }

    /// By what a copy of the letter is known: the same life of it, whatever it holds (what a replay fetched twice may differ), or
    /// the same content in another life. What was edited and imported is another letter. In the archive a letter may
    /// rest for several operations.
    fn names(&self, letter: &Letter) -> [u64; 2] {
        let operation = letter.archived().filter(|_| self.archive);
        let operation = operation.map(|archived| archived.operation);
        // Each with a word of its own: two numbers of one letter that happen to be equal would make it its own copy.
        let life = number(("life", letter.key(), &operation));
        match self.archive {
            true => [life, number(("archive", letter.key(), &operation))],
            false => [life, number(("content", letter.digits(), &letter.body))],
        }
    }

    /// Remembers and says what was put in order, while nobody else can look.
    pub(super) async fn end(self, workspace: &Workspace, closed: bool, seen_all: bool) {
        let Self {
            lease,
            stage,
            archive,
            leftovers,
            presence,
            alone,
            swept,
            bundles,
            ..
        } = self;
        if closed {
            let leaving = Leaving::new(&workspace.rt.store, &workspace.rt.namespace, stage, archive);
            let noted = async {
                let mut over = swept.leftovers.clone();
                if seen_all && alone && presence.is_alone().await? {
                    over.extend(leftovers.missing());
                }
                leaving.forget(&over).await?;
                count(workspace, stage, &swept).await?;
                if !archive && (bundles || seen_all) {
                    workspace.rt.account.bundles_are_dead(stage, bundles).await?;
                }
                presence.leave().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(
                    error = logged(&error),
                    "what a look has put in order is not noted"
                );
            }
            for (operation, subjects) in &swept.completed {
                let became = if archive {
                    Disposition::Dead
                } else {
                    Disposition::Discarded
                };
                // What has been taken back since is dead, and entered as that.
                if archive || !is_undone(workspace, operation).await {
                    enter(workspace, stage, became, subjects).await;
                }
            }
            tell(workspace, &swept);
        }
        lease.release().await;
    }
}

/// Whether what the operation did has been taken back, or is being.
async fn is_undone(workspace: &Workspace, operation: &str) -> bool {
    let operations = Operations::of(workspace);
    for id in [operation.to_owned(), undoing(operation)] {
        match operations.find(&id).await {
            Ok(Some(known)) if id != operation || known.state == State::Undone => return true,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = logged(&error), "an operation cannot be read");
            }
        }
    }
    false
}

fn number(of: impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    of.hash(&mut hash);
    hash.finish()
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
