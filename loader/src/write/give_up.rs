//! Rows that cannot be written: their keys are freed, and their records die with a reason.

use std::time::Instant;

use pipeline::failure::{BatchPosition, Failure, VendorAnswer};

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd};
use crate::breaker::Verdict;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Member};

/// A row that stood alone when it was refused.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a> {
    pub(super) refusal: &'a Refusal,
    /// When it was refused first, perhaps in company.
    pub(super) first: Instant,
    /// When it was refused last, before anything was looked up.
    pub(super) last: Instant,
    /// How often, in company too.
    pub(super) times: u32,
    /// A call that was not answered may still change the row.
    pub(super) unknown: bool,
}

/// The failure of a row that the vendor refuses, or does not answer, while it answers others.
pub(super) fn failure(member: &Member, refusal: &Refusal) -> Failure {
    let mut failure = match refusal.is_answer() {
        true if refusal.status == 200 && refusal.code == 0 => {
            Failure::new("row-not-stored", words::tr!("Jiandaoyun {}", refusal.message))
        }
        true => Failure::new(
            "row-refused",
            words::tr!("Jiandaoyun refuses this row: {}", refusal.describe()),
        ),
        false => Failure::new(
            "row-unanswered",
            words::tr!(
                "Jiandaoyun answers other calls, and each time this row is sent it ends in: {}",
                refusal.message
            ),
        ),
    };
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
    /// Whether the row of this member was refused before.
    pub(super) fn is_suspect(&self, member: &Member) -> bool {
        self.vendor.breaker.is_suspect(member.kind, &member.company)
    }

    /// The vendor refuses a row that stands alone. `unknown`: an earlier try of the same call may still take effect.
    pub(super) async fn give_up_refused(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
        let now = Instant::now();
        let refused = Refused {
            refusal,
            first: now,
            last: now,
            times: refusal.times,
            unknown,
        };
        self.give_up_alone(work, member, refused).await
    }

    /// Frees a row that is refused standing alone. Its record dies when that is about the row; until it is known, it is
    /// sent again after a while, and it waits aside while every row is refused.
    pub(super) async fn give_up_alone(
        &self,
        work: &Work<'_>,
        member: &Member,
        refused: Refused<'_>,
    ) -> Vec<Ended> {
        let Refused {
            refusal,
            first,
            last,
            times,
            unknown,
        } = refused;
        let end = match self
            .vendor
            .judge(member.kind, &member.company, refusal, (first, last, times))
        {
            Verdict::Row => MemberEnd::Dead(Box::new(failure(member, refusal))),
            Verdict::Wait => MemberEnd::Again,
            Verdict::Everybody => MemberEnd::Aside,
        };
        self.commit(work, vec![(member, Change::Freed, end)], unknown)
            .await
    }

    /// Frees rows that were not sent, because every write of their kind is refused; their records wait aside.
    pub(super) async fn stand_aside(&self, work: &Work<'_>, group: &[Member]) -> Vec<Ended> {
        let ends = group
            .iter()
            .map(|member| (member, Change::Freed, MemberEnd::Aside));
        self.commit(work, ends.collect(), false).await
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
