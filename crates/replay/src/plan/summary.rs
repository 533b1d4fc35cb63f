//! What a plan has come to: for other programs, and for the audit log.

use super::{End, Plan};
use crate::{
    audit::{self, Note},
    workspace::Workspace,
};
use pipeline::{disposition::Disposition, store};
use serde_json::{Value, json};

/// A plan's result for other programs.
#[must_use]
pub fn result(plan: &Plan) -> Value {
    use Disposition::{Duplicate, Filtered, Loaded, Skipped, Superseded, Unchanged};
    json!({
        "replay": plan.id,
        "state": plan.state,
        "from": plan.from,
        "note": plan.note,
        "total": plan.total,
        "replayed": plan.sent,
        "left": plan.left(),
        "applied": plan.count([Loaded]),
        "unchanged": plan.count([Unchanged, Duplicate, Skipped]),
        "superseded": plan.count([Superseded]),
        "filtered": plan.count([Filtered]),
        "failed_again": plan.failed(),
        "refused": plan.count([End::Refused]),
        "gone": plan.count([End::Gone]),
        "under_way": plan.under_way(),
    })
}

/// Writes down that something is done with the plan.
///
/// # Errors
/// When Redis is away.
pub async fn note(workspace: &Workspace, action: &str, plan: &Plan) -> Result<(), store::Error> {
    let note = Note {
        action,
        reason: &plan.reason,
        filter: plan.filter.clone(),
        subject: &plan.id,
        result: result(plan),
    };
    audit::append(workspace, note).await
}
