//! Whether a run of a rule has helped.

use crate::plan::{Plan, State};

/// Why the rule has to end itself after this run; `None`: it goes on.
pub(crate) fn why_off(plan: &Plan, operator: &str) -> Option<String> {
    match plan.state {
        State::Stopped => Some(plan.note.clone()),
        State::Complete if plan.failed() > 0 && plan.failed() == plan.reported() => Some(words::kept!(
            "each of the {} letters of plan {} failed again",
            plan.failed(),
            plan.id
        )),
        State::Cancelled => Some(words::kept!(
            "its plan {} was cancelled by {}",
            plan.id,
            plan.changed_by
        )),
        // Somebody wants it to rest, which is not for the rule to end.
        State::Paused if !plan.changed_by.starts_with(&format!("{operator} on ")) => Some(words::kept!(
            "its plan {} was paused by {}",
            plan.id,
            plan.changed_by
        )),
        _ => None,
    }
}

/// What a run has come to, in words.
pub(crate) fn in_words(plan: &Plan) -> String {
    let (sent, failed) = (plan.sent, plan.failed());
    match failed {
        0 => words::kept!("{}: {sent} put back", plan.state.name()),
        failed => words::kept!("{}: {sent} put back, {failed} failed again", plan.state.name()),
    }
}
