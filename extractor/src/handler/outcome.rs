//! What becomes of one ref: it is settled, or a snapshot goes on.

use super::Receipt;
use crate::state::FetchResult;
use pipeline::{
    disposition::Disposition,
    events::What,
    handler::{Done, Job, Outcome},
    message::Outgoing,
    stage::Stage,
};
use proto::v1::{CompanyRef, CompanySnapshot};

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
