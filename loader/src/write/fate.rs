//! What becomes of a member of a batch, and the commit that writes it down.

use std::time::Duration;

use pipeline::failure::{BatchPosition, Failure, VendorAnswer};
use pipeline::gate::Pause;
use pipeline::retry::Backoff;

use super::{Work, Writer};
use crate::failpoint;
use crate::jdy::lookup::FoundRow;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Error, Member, Settled};

/// How long a row that was written may be missing from queries; the vendor promises nothing, nobody has seen more than
/// a moment (docs/jiandaoyun-api.md §2.4).
pub(crate) const INVISIBLE: Duration = Duration::from_secs(3);

/// The end of a member, as the handler needs it.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// The row holds the record's content.
    Landed,
    /// The row is gone or marked, as it should be.
    Removed,
    /// This record can never be written.
    Dead(Box<Failure>),
    /// Something was learned; claim it again.
    Again,
    /// Not now.
    Held,
}

/// A member's fate, with its place in the claim.
pub(crate) type Ended = (u32, End);

/// The same fate for all.
pub(crate) fn all(members: &[Member], fate: &End) -> Vec<Ended> {
    members.iter().map(|member| (member.slot, fate.clone())).collect()
}

/// What a row that turned out to exist means for the member that was to make it.
pub(crate) fn known<'a>(member: &'a Member, row: &FoundRow) -> (&'a Member, Change, End) {
    match row.hash == member.hash {
        true => (member, Change::Landed(row.id.clone()), End::Landed),
        // Somebody has written to it since; the next claim decides what is newer.
        false => (member, Change::Found(row.id.clone(), row.written_ms), End::Again),
    }
}

/// The failure of a row that the vendor refuses for its content.
pub(crate) fn refused(member: &Member, refusal: &Refusal) -> Failure {
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
    /// Frees a row that the vendor refuses for good: given up, or kept while everything is refused.
    pub(crate) async fn give_up(&self, work: &Work<'_>, member: &Member, refusal: &Refusal) -> Vec<Ended> {
        let fate = match self.vendor.blames_row(refusal, &member.company) {
            true => End::Dead(Box::new(refused(member, refusal))),
            false => End::Held,
        };
        self.commit(work, vec![(member, Change::Freed, fate)], false)
            .await
    }

    /// Commits, and turns a commit that fails into fates. `verify`: a call of unknown outcome may still land.
    pub(crate) async fn commit(
        &self,
        work: &Work<'_>,
        ends: Vec<(&Member, Change, End)>,
        verify: bool,
    ) -> Vec<Ended> {
        let settled: Vec<Settled> = ends
            .iter()
            .map(|(member, change, _)| Settled {
                slot: member.slot,
                change: change.clone(),
            })
            .collect();
        // Without a key widget nobody could read the rows again.
        let late = (verify && work.recognition.is_some()).then(|| self.lateness());
        failpoint::hit("commit-before").await;
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let failed = loop {
            match self
                .ledger
                .commit(&work.held.batch, &work.held.fence, &settled, late)
                .await
            {
                Ok(()) => {
                    failpoint::hit("commit-after").await;
                    if ends.iter().any(|(.., fate)| matches!(fate, End::Landed)) {
                        self.vendor.written();
                    }
                    return ends
                        .into_iter()
                        .map(|(member, _, fate)| (member.slot, fate))
                        .collect();
                }
                // Repeating is safe: what an unanswered commit has done is skipped by the next one.
                Err(error) if self.is_outage(&error) => {
                    let wait = backoff.next_delay();
                    if !work.patience.sleep(wait, &self.vendor.stopping).await {
                        break End::Held;
                    }
                    let patience = work.patience;
                    if !self.redis_open(&patience).await {
                        break End::Held;
                    }
                }
                Err(error) => break self.ledger_failed(&error),
            }
        };
        if matches!(failed, End::Again) {
            // Our send may have come after somebody else's: the rows are read again once it must have landed.
            let companies: Vec<&str> = ends.iter().map(|(member, ..)| member.company.as_str()).collect();
            self.verify_soon(&companies).await;
        }
        ends.iter()
            .map(|(member, ..)| (member.slot, failed.clone()))
            .collect()
    }

    /// Puts rows on the list of those to be read again.
    pub(crate) async fn verify_soon(&self, companies: &[&str]) {
        if self.index.recognition().is_none() {
            return;
        }
        if let Err(error) = self.ledger.verify_later(companies, self.lateness()).await {
            tracing::warn!(error = %error, rows = companies.len(), "rows cannot be put on the list for verification");
        }
    }

    /// After this time a call that was given up cannot change anything any more, and what it changed can be seen.
    pub(crate) fn lateness(&self) -> Duration {
        self.vendor.client.timeout() + self.settings.late + INVISIBLE
    }

    /// What a failed ledger call means for the batch; pauses the stage when it has to.
    pub(crate) fn ledger_failed(&self, error: &Error) -> End {
        match error {
            Error::Fenced => {
                tracing::warn!("batch was taken over by another loader, its rows are claimed again");
                End::Again
            }
            Error::NoIndex => {
                self.index.lost();
                End::Held
            }
            Error::Store(cause) => {
                self.runtime.redis_lost(cause);
                End::Held
            }
            Error::Protocol(_) => {
                tracing::error!(error = %error, "ledger and program do not fit together");
                self.runtime.gate.close(Pause::Configuration, error.to_string());
                End::Held
            }
        }
    }

    fn is_outage(&self, error: &Error) -> bool {
        let Error::Store(cause) = error else { return false };
        self.runtime.redis_lost(cause);
        true
    }

    /// Waits until the stage is open again after Redis was away.
    async fn redis_open(&self, patience: &crate::vendor::Patience) -> bool {
        self.vendor.open(patience).await
    }
}
