//! Writing the members of a claimed batch, whether this loader claimed it or took it over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::StreamExt as _;
use pipeline::quota::Lane;

use super::Writer;
use super::commit::Ended;
use super::insist::Request;
use crate::jdy::lookup::Recognition;
use crate::ledger::{Kind, LiveBatch, Member};
use crate::vendor::Patience;

/// Updates and removals of one batch that are under way at once; the client's cap and the quotas decide in the end.
const SINGLES_AT_ONCE: usize = 8;

/// What belongs to one batch while it is written.
pub(crate) struct Work<'a> {
    /// The lease.
    pub(crate) live: &'a LiveBatch,
    /// How long to go on.
    pub(crate) patience: Patience,
    /// Whose turn it is.
    pub(crate) lane: Lane,
    /// No loader has sent any of it before.
    pub(crate) fresh: bool,
    /// When its rows were claimed, right after the form was asked for those that are new.
    pub(crate) claimed: Instant,
    /// How rows are recognised, when there is a key widget.
    pub(crate) recognition: Option<Recognition>,
}

impl Work<'_> {
    /// A write of this batch. `suspect`: it was refused before.
    /// `left` is what [`Writer::leaves`] notes.
    pub(super) fn request<'a>(&'a self, kind: Kind, suspect: bool, left: &'a AtomicBool) -> Request<'a> {
        Request {
            left,
            kind,
            live: self.live,
            patience: &self.patience,
            suspect,
            stranger: !suspect,
        }
    }
}

impl Writer {
    /// Whether a call of the batch may leave at this instant; noted when it may.
    pub(super) fn leaves(&self, work: &Work<'_>, left: &AtomicBool) -> bool {
        let may = work.live.may_send() && !self.vendor.stopping.is_over();
        left.fetch_or(may, Ordering::Relaxed);
        may
    }

    /// `fresh`: no loader has sent any of the batch before.
    pub(crate) fn work<'a>(
        &self,
        live: &'a LiveBatch,
        patience: Patience,
        lane: Lane,
        fresh: bool,
    ) -> Work<'a> {
        Work {
            live,
            patience,
            lane,
            fresh,
            claimed: Instant::now(),
            recognition: self.index.recognition(),
        }
    }

    /// Writes the members of a batch: all creates, and beside them each update and removal.
    pub(crate) async fn write(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Ended> {
        let (creates, others): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| member.kind == Kind::Create);
        let singles = async {
            // Whose id is proven now has been looked at.
            let (unproven, known): (Vec<Member>, Vec<Member>) =
                others.into_iter().partition(|member| member.unproven().is_some());
            // One of the looks may wait out an outage that the other has come before.
            let looked = Instant::now();
            let ((mut others, ended), (known, moved)) =
                futures::join!(self.prove(work, unproven), self.still_theirs(work, known));
            others.extend(known);
            let calls = futures::stream::iter(others).map(|member| async move {
                match member.kind {
                    Kind::Remove => self.remove(work, member, looked).await,
                    _ => self.update(work, member, looked).await,
                }
            });
            let mut ends = calls.buffer_unordered(SINGLES_AT_ONCE).concat().await;
            ends.extend(ended);
            ends.extend(moved);
            ends
        };
        let (mut ends, others) = futures::join!(self.create(work, creates), singles);
        ends.extend(others);
        ends
    }
}
