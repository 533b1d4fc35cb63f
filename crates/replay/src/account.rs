//! What the account of events says about letters that an operator moves (docs/events.md).
//!
//! Written when the copies have arrived and before the letters are removed from where they were: who is killed in between
//! leaves a letter behind that the next look removes, and says the same again, under the same id.

use crate::{letter::Letter, plan::Plan, repair::Repair, workspace::Workspace};
use pipeline::{
    events::{Event, What, moved, moved_in},
    stage::Stage,
};

/// Says what an operation or a plan did to letters of a stage. Never fails: the letters are moved all the same.
pub(crate) async fn tell<'a>(
    workspace: &Workspace,
    stage: Stage,
    what: What,
    letters: impl IntoIterator<Item = &'a Letter>,
    operation: &str,
) {
    let events: Vec<Event> = letters
        .into_iter()
        .flat_map(|letter| match letter.records().as_slice() {
            [only] => vec![moved(what, only, operation)],
            many => many.iter().map(|one| moved_in(what, one, operation)).collect(),
        })
        .collect();
    workspace.rt.events.write(stage, events).await;
}

/// What a plan does to its letters: a letter that is mapped anew goes back as it was.
pub(crate) fn put_back(plan: &Plan) -> What {
    match plan.repair {
        Some(Repair::Replace(_) | Repair::Set(_)) => What::Edited,
        Some(Repair::Remap | Repair::Kept | Repair::Refetch | Repair::Forgotten) | None => What::PutBack,
    }
}

/// Says of a leftover what the killed process could not.
pub(crate) async fn complete(
    workspace: &Workspace,
    (stage, archive): (Stage, bool),
    letter: &Letter,
    mark: &str,
) {
    let (what, operation) = match (archive, mark.starts_with("p-")) {
        (true, _) => (What::Restored, crate::operation::undoing(mark)),
        (false, false) => (What::Discarded, mark.to_owned()),
        (false, true) => {
            // Forgotten plans are those of long ago; what they did to this letter is not worth a failure.
            let plan = workspace.plans().load(mark).await.ok().flatten();
            let what = plan.as_ref().map_or(What::PutBack, put_back);
            (what, mark.to_owned())
        }
    };
    tell(workspace, stage, what, [letter], &operation).await;
}
