//! Whether a pause because of the vendor is over, and if it is not, how the vendor fails now.

use super::{OUTAGE_AFTER, Vendor, needs_person, pause_for, unanswered};
use crate::jdy::types::{Refusal, Reply, Unsent};
use pipeline::gate::Pause;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Why the vendor does not work for us.
enum Failed {
    Refused(Refusal),
    Unanswered(String),
    /// It was not asked.
    Unsent,
}

pub(super) type Probing = std::pin::Pin<Box<dyn Future<Output = bool> + Send>>;

impl Vendor {
    /// Whether the vendor works for us: asked with calls that change nothing and need key, app and form to be right.
    pub(crate) async fn works(&self) -> bool {
        self.trial().await.is_ok()
    }

    /// The same with why it does not.
    async fn trial(&self) -> Result<(), Failed> {
        let refused = |reply| match reply {
            Reply::Ok(()) => Ok(()),
            Reply::Refused(refusal) => Err(Failed::Refused(refusal)),
            Reply::Unknown(reason) | Reply::Unsent(Unsent::Connect(reason)) => {
                Err(Failed::Unanswered(reason))
            }
            Reply::Unsent(_) => Err(Failed::Unsent),
        };
        refused(self.client.widgets().await.map(|_| ()))?;
        refused(self.client.any_row().await)
    }

    /// Whether a pause for this reason is over. Whoever reads why nothing goes on has to read how it fails now; `unanswered`
    /// counts in a row, for once may be bad luck.
    async fn is_over(&self, reason: Pause, unanswered_in_a_row: &AtomicU32) -> bool {
        let failed = match self.trial().await {
            Ok(()) => return true,
            Err(failed) => failed,
        };
        let in_a_row = match failed {
            Failed::Unanswered(_) => unanswered_in_a_row.fetch_add(1, Ordering::Relaxed) + 1,
            _ => unanswered_in_a_row.swap(0, Ordering::Relaxed),
        };
        match failed {
            Failed::Refused(other) if needs_person(&other) && pause_for(&other) != reason => {
                self.stopped(&other);
                true
            }
            Failed::Refused(refusal) => {
                let answer = words::tr!("Jiandaoyun answers {}", refusal.describe());
                self.gate.tell(reason, answer);
                false
            }
            Failed::Unanswered(why) if reason == Pause::Outage => {
                self.gate.tell(reason, unanswered(&why));
                false
            }
            // What the form is like is also watched by others, who find that out behind this reason.
            Failed::Unanswered(why) if in_a_row >= OUTAGE_AFTER && reason != Pause::Configuration => {
                self.gate
                    .close_until(Pause::Outage, unanswered(&why), self.probe(Pause::Outage));
                true
            }
            Failed::Unanswered(_) | Failed::Unsent => false,
        }
    }

    pub(super) fn probe(&self, reason: Pause) -> impl Fn() -> Probing + Send + 'static {
        let (vendor, in_a_row) = (self.clone(), Arc::new(AtomicU32::new(0)));
        move || {
            let (vendor, in_a_row) = (vendor.clone(), Arc::clone(&in_a_row));
            Box::pin(async move { vendor.is_over(reason, &in_a_row).await })
        }
    }
}
