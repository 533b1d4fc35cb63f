//! Rows that cannot be written: their keys are freed, and their records die with a reason.

use pipeline::failure::{BatchPosition, Failure, VendorAnswer};

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd};
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Member};

/// The failure of a row that the vendor refuses for its content.
pub(super) fn refused(member: &Member, refusal: &Refusal) -> Failure {
    let mut failure = Failure::new(
        "row-refused",
        format!("Jiandaoyun refuses this row: {}", refusal.describe()),
    );
    failure.vendor = Some(VendorAnswer {
        code: refusal.label(),
        message: refusal.message.clone(),
    });
    failure.batch = (!member.transaction.is_empty()).then(|| BatchPosition {
        id: member.transaction.clone(),
        position: member.slot,
    });
    failure
}

impl Writer {
    /// Frees a row that the vendor refuses for good: its record dies, or is held while every row is refused. `unknown`: an
    /// earlier try of the same call may still take effect.
    pub(super) async fn give_up_refused(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
        let end = match self.vendor.blames_row(refusal, &member.company) {
            true => MemberEnd::Dead(Box::new(refused(member, refusal))),
            false => MemberEnd::Held,
        };
        self.commit(work, vec![(member, Change::Freed, end)], unknown)
            .await
    }

    /// Frees the rows; their records die for this reason.
    pub(super) async fn give_up(
        &self,
        work: &Work<'_>,
        group: &[Member],
        code: &'static str,
        why: &str,
    ) -> Vec<Ended> {
        let ends = group.iter().map(|member| {
            let failure = Failure::new(code, why);
            (member, Change::Freed, MemberEnd::Dead(Box::new(failure)))
        });
        self.commit(work, ends.collect(), false).await
    }
}
