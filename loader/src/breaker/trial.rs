//! The tripped breaker: a few requests at a time are let through, and the first that succeeds ends it.

use std::pin::pin;
use std::time::Duration;

use pipeline::gate::Pause;
use tokio::sync::watch;

use super::{Breaker, HANDFUL, Kinds as _, Tripped};
use crate::ledger::Kind;

/// Requests of one trial. The last one is for somebody who was not refused before: the others may all be at fault.
const PERMITS: u32 = 3;
/// How long a trial waits for requests.
const TRIAL: Duration = Duration::from_secs(5);

/// Whether a request may be sent.
pub(crate) enum Admission {
    /// Nothing is wrong.
    Free,
    /// It is a trial.
    Trial(Trial),
    /// Not before the next trial; the pause and its words.
    Closed(Pause, String),
}

/// A request on trial; dropping it says that it has ended.
pub(crate) struct Trial {
    breaker: Breaker,
    kind: Kind,
}

/// How a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Over,
    Open,
    Failed,
}

impl Breaker {
    /// It is about everybody. `false` when that is known already.
    pub(crate) fn trip(&self, kind: Kind, pause: Pause, detail: &str) -> bool {
        let mut kinds = self.lock();
        let state = kinds.of(kind);
        if let Some(tripped) = &mut state.tripped {
            detail.clone_into(&mut tripped.detail);
            return false;
        }
        state.tripped = Some(Tripped {
            pause,
            detail: detail.to_owned(),
            narrow: false,
            permits: 0,
            at_work: 0,
        });
        true
    }

    /// Whether requests are only let through on trial.
    pub(crate) fn is_tripped(&self, kind: Kind) -> bool {
        self.lock().of(kind).tripped.is_some()
    }

    /// A row that stood alone was given up: what tripped the breaker was about it, unless there are others.
    pub(crate) fn settle(&self, kind: Kind) -> Option<Pause> {
        let mut kinds = self.lock();
        let state = kinds.of(kind);
        if state.in_a_row.len() >= HANDFUL {
            return None;
        }
        let ended = state.tripped.take()?.pause;
        let elsewhere = kinds.iter().any(|state| state.is_paused_for(ended));
        drop(kinds);
        self.inner.changed.send_replace(());
        (!elsewhere).then_some(ended)
    }

    /// Asks before a request is sent. `stranger`: nothing of it was refused before.
    pub(crate) fn admit(&self, kind: Kind, stranger: bool) -> Admission {
        let mut kinds = self.lock();
        match &mut kinds.of(kind).tripped {
            None => Admission::Free,
            Some(tripped) if tripped.permits > u32::from(!stranger) => {
                tripped.permits -= 1;
                tripped.at_work += 1;
                Admission::Trial(Trial {
                    breaker: self.clone(),
                    kind,
                })
            }
            Some(tripped) => Admission::Closed(tripped.pause, tripped.detail.clone()),
        }
    }

    /// Lets a few requests through, from now on.
    pub(crate) fn begin_trial(&self, kind: Kind) -> watch::Receiver<()> {
        let seen = self.watch();
        if let Some(tripped) = &mut self.lock().of(kind).tripped {
            tripped.permits = PERMITS;
        }
        seen
    }

    /// Waits for the ends of the requests of a trial; `true` when one has succeeded.
    pub(crate) async fn end_of(&self, mut seen: watch::Receiver<()>, kind: Kind) -> bool {
        let mut ends = pin!(tokio::time::sleep(TRIAL));
        let mut is_late = false;
        loop {
            match self.standing(kind) {
                Standing::Over => return true,
                Standing::Failed => return false,
                Standing::Open => tokio::select! {
                    () = self.changed(&mut seen) => {}
                    () = &mut ends, if !is_late => {
                        is_late = true;
                        self.no_more(kind);
                    }
                },
            }
        }
    }

    /// Nobody has come for the other permits.
    fn no_more(&self, kind: Kind) {
        if let Some(tripped) = &mut self.lock().of(kind).tripped {
            tripped.permits = 0;
        }
    }

    fn standing(&self, kind: Kind) -> Standing {
        match &self.lock().of(kind).tripped {
            None => Standing::Over,
            Some(tripped) if tripped.permits + tripped.at_work == 0 => Standing::Failed,
            Some(_) => Standing::Open,
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some(tripped) = &mut self.breaker.lock().of(self.kind).tripped {
            tripped.at_work = tripped.at_work.saturating_sub(1);
        }
        self.breaker.inner.changed.send_replace(());
    }
}
