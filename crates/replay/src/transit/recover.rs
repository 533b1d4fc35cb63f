//! Which letters of a queue are leftovers of moves that were killed: their copies are where they were to go.

use super::leaving::{Leaving, Left};
use crate::{
    browse::Browser,
    error::{Error, Result},
    letter::Letter,
    operation::undoing,
    plan::{End, end::LetterState},
    workspace::Workspace,
};
use pipeline::stage::Stage;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// How long another operator's look at the other queue is waited for. Both at once could wait for each other; what is not
/// known now is known at the next look.
const PATIENCE: Duration = Duration::from_secs(10);

/// What killed operations have left in a queue.
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Letters whose copies have arrived, with the operation that moved them.
    gone: HashMap<String, String>,
    /// All letters that were being moved and have not been seen here.
    unseen: HashSet<String>,
}

impl Leftovers {
    /// The operation that has moved this letter, if it is a leftover.
    pub(crate) fn moved_by(&self, letter: &str) -> Option<&str> {
        self.gone.get(letter).map(String::as_str)
    }

    /// Whether everything that was being moved has been seen here.
    pub(crate) fn is_empty(&self) -> bool {
        self.unseen.is_empty()
    }

    pub(crate) fn saw(&mut self, letter: &str) {
        self.unseen.remove(letter);
    }

    /// Letters of which a look at the whole queue has found nothing: they are gone, and so may be what is known of them, unless
    /// somebody holds them ([`super`]).
    pub(crate) fn missing(self) -> impl Iterator<Item = String> {
        self.unseen.into_iter()
    }
}

/// Reads what is left of moves out of this queue. The caller holds the queue's lease, so nobody is moving any but who stands
/// still, and perhaps holds them.
pub(crate) async fn leftovers(workspace: &Workspace, stage: Stage, archive: bool) -> Result<Leftovers> {
    let leaving = Leaving::new(&workspace.rt.store, &workspace.rt.namespace, stage, archive);
    let all = leaving.all().await?;
    if all.is_empty() {
        return Ok(Leftovers::default());
    }
    let unseen = all.keys().cloned().collect();
    let (arrived, open): (HashMap<_, _>, HashMap<_, _>) = all.into_iter().partition(|(_, left)| left.arrived);
    let (replayed, moved): (HashMap<_, _>, HashMap<_, _>) = open
        .into_iter()
        .partition(|(_, left)| !archive && left.operation.starts_with("p-"));
    let mut gone: HashMap<_, _> = arrived
        .into_iter()
        .map(|(letter, left)| (letter, left.operation))
        .collect();
    gone.extend(known_to_plans(workspace, &replayed).await?);
    if !moved.is_empty() {
        gone.extend(seen_elsewhere(workspace, stage, archive, moved).await?);
    }
    Ok(Leftovers { gone, unseen })
}

/// Of letters that replays were putting back: those that were sent, as far as their plans know by now.
async fn known_to_plans(
    workspace: &Workspace,
    open: &HashMap<String, Left>,
) -> Result<Vec<(String, String)>> {
    let mut by_plan: HashMap<&str, Vec<String>> = HashMap::new();
    for (letter, left) in open {
        by_plan.entry(&left.operation).or_default().push(letter.clone());
    }
    let mut gone = Vec::new();
    for (plan, letters) in by_plan {
        let states = workspace.plans().letters(plan, &letters).await?;
        for (letter, state) in letters.into_iter().zip(states) {
            let sent = match state {
                Some(LetterState::Sent) => true,
                Some(LetterState::Ended(end, _)) => !matches!(end, End::Refused | End::Gone),
                Some(LetterState::Unsent) | None => false,
            };
            if sent {
                gone.push((letter, plan.to_owned()));
            }
        }
    }
    Ok(gone)
}

/// Of letters that were moved between dead letters and archive: those whose copies are there.
async fn seen_elsewhere(
    workspace: &Workspace,
    stage: Stage,
    archive: bool,
    open: HashMap<String, Left>,
) -> Result<Vec<(String, String)>> {
    let key = workspace.rt.namespace.browse_lease_key(stage, !archive);
    let lease = match workspace
        .lease_in_time(key, words::text!("recover a killed move"), PATIENCE)
        .await
    {
        Ok(lease) => lease,
        Err(Error::Browsed { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let broker = &workspace.rt.broker;
    let mut browser = if archive {
        Browser::open(broker, stage).await?
    } else {
        Browser::open_archive(broker, stage).await?
    };
    // A letter that an undo brought back has begun another life, and is known by its digits and by what brought it.
    let digits = |letter: &str| {
        letter
            .split_once('.')
            .map_or(letter, |(digits, _)| digits)
            .to_owned()
    };
    let mut wanted: HashMap<(String, String), String> = open
        .into_iter()
        .map(|(letter, left)| {
            let place = if archive { digits(&letter) } else { letter.clone() };
            ((place, left.operation), letter)
        })
        .collect();
    let mut found = Vec::new();
    let walked = async {
        while !wanted.is_empty() {
            let Some(taken) = browser.next().await? else { break };
            if let Some(at) = arrived_by(&taken.letter, archive)
                && let Some(letter) = wanted.remove(&at)
            {
                found.push((letter, at.1));
            }
        }
        Ok::<_, Error>(())
    };
    let walked = walked.await;
    let closed = browser.close().await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    walked?;
    closed?;
    note(workspace, stage, archive, &found).await?;
    Ok(found)
}

/// As what a letter is known here, and the operation that brought it.
fn arrived_by(letter: &Letter, into_dead: bool) -> Option<(String, String)> {
    match into_dead {
        true => Some((letter.digits().to_owned(), letter.life()?.to_owned())),
        false => Some((letter.key(), letter.archived()?.operation)),
    }
}

/// Notes what has turned out to have arrived, and counts it in the operations' records.
async fn note(workspace: &Workspace, stage: Stage, archive: bool, found: &[(String, String)]) -> Result<()> {
    let namespace = &workspace.rt.namespace;
    let leaving = Leaving::new(&workspace.rt.store, namespace, stage, archive);
    let mut by_mark: HashMap<&str, Vec<String>> = HashMap::new();
    for (letter, mark) in found {
        by_mark.entry(mark).or_default().push(letter.clone());
    }
    for (mark, letters) in by_mark {
        let record = match archive {
            true => namespace.operation_key(&undoing(mark)),
            false => namespace.operation_key(mark),
        };
        leaving.arrived(mark, &letters, &record).await?;
    }
    Ok(())
}
