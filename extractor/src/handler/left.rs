//! Customers that are there and outside of the filter: the loader is told of those that may have a row.

use super::{FetchHandler, Receipt, done};
use pipeline::{
    disposition::Disposition,
    handler::{Job, Outcome},
    message::Subject as _,
    watermarks::passing::Step,
};
use proto::v1::{CompanyRef, CompanySnapshot};

impl FetchHandler {
    /// Noted before it is handed on, so that an older state that is still on its way goes no further.
    pub(super) async fn left(
        &self,
        job: &Job<CompanyRef>,
        leaving: CompanySnapshot,
        rule: &'static str,
        receipt: Receipt,
    ) -> Outcome<Receipt> {
        let step = [(&leaving.company_id, Step::Drop, leaving.version())];
        match self.watermarks.note(&step).await {
            Ok(answers) if answers.first() == Some(&true) => self.hand_on_gone(job, leaving, receipt).await,
            Ok(_) => done(receipt, Disposition::Filtered, Some(rule)),
            Err(error) => {
                self.rt.redis_lost(&error);
                Outcome::Hold
            }
        }
    }
}
