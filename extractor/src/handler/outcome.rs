//! What becomes of one ref: it is settled, or a snapshot goes on.

use crate::{granule::Granule, state::FetchResult};
use pipeline::{
    disposition::Disposition,
    events::What,
    handler::{Done, Job, Outcome},
    message::Outgoing,
    stage::Stage,
    version::Version,
    watermarks::shown_as::{InForm, ShownAs},
};
use proto::v1::{CompanyRef, CompanySnapshot};

/// What is known of a customer before its ref is handled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// What is in the form, and by which times that is known.
    pub(super) in_form: InForm,
    /// The newest removal, or leaving of a filter.
    pub(super) removed: Option<Version>,
    /// What listed times are cut to.
    pub(super) granule: Granule,
}

/// What is counted once the broker has confirmed.
pub(crate) struct Receipt {
    pub(super) run_id: String,
    pub(super) company_id: String,
    pub(super) result: FetchResult,
    /// The two times of the state that went on, or that they are the same; nothing: what is known of them stays.
    pub(super) shown_as: Option<Option<ShownAs>>,
    /// The listed time of which it was fetched when no later change could hide behind that any more.
    pub(super) fetched_whole: Option<i64>,
}

impl Receipt {
    pub(super) fn of(wanted: &CompanyRef, result: FetchResult) -> Self {
        Self {
            run_id: wanted.run_id.clone(),
            company_id: wanted.company_id.clone(),
            result,
            shown_as: None,
            fetched_whole: None,
        }
    }
}

pub(super) fn done(
    receipt: Receipt,
    disposition: Disposition,
    rule: Option<&'static str>,
) -> Outcome<Receipt> {
    let missing = receipt.result == FetchResult::Missing;
    Outcome::Done(Done {
        receipt: Some(receipt),
        rule,
        what: missing.then_some(What::Missing),
        ..Done::new(disposition)
    })
}

/// There is nothing to do, for a reason that says where the customer is.
pub(super) fn skipped(wanted: &CompanyRef, result: FetchResult, reason: &'static str) -> Outcome<Receipt> {
    Outcome::Done(Done {
        receipt: Some(Receipt::of(wanted, result)),
        reason: Some(reason),
        ..Done::new(Disposition::Skipped)
    })
}

pub(super) fn publish(
    job: &Job<CompanyRef>,
    snapshot: CompanySnapshot,
    receipt: Receipt,
) -> Outcome<Receipt> {
    let message = Outgoing::to(Stage::Transform, &snapshot)
        .with_trace(job.meta.traceparent.clone())
        .with_replay(job.meta.replay.clone());
    Outcome::forward(vec![message], Some(receipt))
}
