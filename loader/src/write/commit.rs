//! What became of each member of a batch, and the commit that writes it down in the ledger.

use std::time::Duration;

use pipeline::events::What;
use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::telemetry::names;
use std::sync::Arc;

use pipeline::failure::Failure;

use super::Writer;
use super::batch::Work;
use super::row_event::RowEvent;
use crate::failpoint;
use crate::ledger::{Change, Committed, Error, Kind, Member, Verify};

/// What became of a member, as the handler needs it.
#[derive(Debug, Clone)]
pub(crate) enum MemberEnd {
    /// The row holds the record's content.
    Landed,
    /// The row is gone or marked, as it should be.
    Removed,
    /// One of the two, once the ledger has it.
    Committed(RowEvent),
    /// This record can never be written.
    Dead(Box<Failure>),
    /// Something was learned; claim it again.
    Again,
    /// Not now.
    Held,
    /// Every row is refused: it waits aside.
    Aside,
}

/// A member's end, with its slot in the claim.
pub(crate) type Ended = (u32, MemberEnd);

/// A member, what the ledger shall write down about it, and its end once that is done.
pub(super) type Committing<'a> = (&'a Member, Change, MemberEnd);

/// The same end for all.
pub(super) fn all(members: &[Member], end: &MemberEnd) -> Vec<Ended> {
    members.iter().map(|member| (member.slot, end.clone())).collect()
}

/// The end with what was done to which row, when something was.
fn committed(member: &Member, change: &Change, end: MemberEnd) -> MemberEnd {
    let row_id = match change {
        Change::Landed(id) | Change::Placed(id) => id,
        _ => &member.row_id,
    };
    let what = match (&end, member.kind) {
        (MemberEnd::Landed, Kind::Create) => What::Created,
        // A mark is how this form removes.
        (MemberEnd::Landed, _) if member.hash.is_empty() => What::Removed,
        (MemberEnd::Landed, _) => What::Updated,
        (MemberEnd::Removed, _) => What::Removed,
        _ => return end,
    };
    MemberEnd::Committed(RowEvent::new(what, row_id))
}

/// Created and updated rows are one disposition; here they are told apart.
fn count(ends: &[Committing<'_>]) {
    for (member, _, end) in ends {
        let change = match (end, member.kind) {
            (MemberEnd::Landed, Kind::Create) => "created",
            (MemberEnd::Landed, _) if member.hash.is_empty() => "marked",
            (MemberEnd::Landed, _) => "updated",
            (MemberEnd::Removed, _) => "removed",
            _ => continue,
        };
        metrics::counter!(names::LOADER_ROWS, "change" => change).increment(1);
    }
}

impl Writer {
    /// Commits, and turns a commit that fails into ends. `verify`: a call of unknown outcome may still land, whatever the
    /// end is. Of a batch that another loader began nobody knows which of its calls are still on their way.
    /// What was confirmed is read again, too: an answer is no proof.
    pub(super) async fn commit(
        &self,
        work: &Work<'_>,
        ends: Vec<Committing<'_>>,
        verify: bool,
    ) -> Vec<Ended> {
        failpoint::hit("commit-before").await;
        let verify = verify || !work.fresh;
        if let Err(failed) = self.commit_in_ledger(work, &ends, verify).await {
            if matches!(failed, MemberEnd::Again) {
                // Our send may have come after another loader's: the rows are read again once it must have landed.
                let companies: Vec<&str> = ends.iter().map(|(member, ..)| member.company.as_str()).collect();
                self.verify_soon(&companies).await;
            }
            return ends
                .iter()
                .map(|(member, ..)| (member.slot, failed.clone()))
                .collect();
        }
        failpoint::hit("commit-after").await;
        count(&ends);
        ends.into_iter()
            .map(|(member, change, end)| (member.slot, committed(member, &change, end)))
            .collect()
    }

    /// Waits out an outage of Redis while patience lasts; the error is the end of all members.
    async fn commit_in_ledger(
        &self,
        work: &Work<'_>,
        ends: &[Committing<'_>],
        verify: bool,
    ) -> Result<(), MemberEnd> {
        let committed: Vec<Committed> = ends
            .iter()
            .map(|(member, change, _)| Committed {
                slot: member.slot,
                change: change.clone(),
            })
            .collect();
        // Without a key widget the rows could not be read again.
        let verify = match verify {
            _ if work.recognition.is_none() => Verify::No,
            true => Verify::Unknown(self.lateness()),
            false => Verify::Confirmed(self.lateness()),
        };
        let live = work.live;
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            match self
                .ledger
                .commit(&live.batch, &live.fence, &committed, verify)
                .await
            {
                Ok(()) => return Ok(()),
                // Repeating is safe: what an unanswered commit has done is skipped by the next one.
                Err(Error::Store(cause)) => {
                    self.runtime.redis_lost(&cause);
                    let wait = backoff.next_delay();
                    if !work.patience.sleep(wait, &self.vendor.stopping).await
                        || !self.vendor.open(&work.patience).await
                    {
                        return Err(MemberEnd::Held);
                    }
                }
                Err(error) => return Err(self.ledger_failed(&error)),
            }
        }
    }

    /// What a failed ledger call means for the batch; pauses the stage when it has to.
    pub(super) fn ledger_failed(&self, error: &Error) -> MemberEnd {
        match error {
            Error::Fenced => {
                tracing::warn!("batch was taken over by another loader, its rows are claimed again");
                MemberEnd::Again
            }
            Error::NoIndex => {
                self.index.lost();
                MemberEnd::Held
            }
            Error::Store(cause) => {
                self.runtime.redis_lost(cause);
                MemberEnd::Held
            }
            // Only claims are answered so, and those look up first.
            Error::Unseen(_) => MemberEnd::Again,
            Error::Protocol(_) => {
                tracing::error!(error = %error, "ledger and program do not fit together");
                // Loaders of another version may be at work; the waits between two trials grow.
                let index = Arc::clone(&self.index);
                self.runtime
                    .gate
                    .close_until(Pause::Configuration, error.to_string(), move || {
                        let index = Arc::clone(&index);
                        async move { index.answers().await }
                    });
                MemberEnd::Held
            }
        }
    }
}
