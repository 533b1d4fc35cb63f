//! Sending a write until its answer is definite, or until it is clear that it is the request that is refused and not
//! the vendor that is away.
//!
//! A page, a time-out or a code that says "stop" is a first guess about everybody. After it the vendor is asked
//! something that changes nothing: when that fails, too, the stage pauses and nothing is held against the request.
//! When it succeeds, the request gets a strike, and after some strikes it counts as refused.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::telemetry::names;

use crate::breaker::{Admission, Guess, Trial, Verdict};
use crate::jdy::codes::{self, Class};
use crate::jdy::types::{Refusal, Reply};
use crate::ledger::{Kind, LiveBatch};
use crate::vendor::{Patience, RESEND, Tried, Vendor, pause_for};

/// Strikes of a definite refusal, and of a request that times out, which takes long each time.
const REFUSED: u32 = 2;
/// Strikes of a request that is answered by a gateway only.
const UNANSWERED: u32 = 3;
/// How long a gate may stay open after a trial.
const CLOSING: Duration = Duration::from_millis(200);
/// How often the vendor may ask to wait while it does the work of others.
const PUT_OFF: u32 = 5;
/// How often while it does nobody's.
const ALL_PUT_OFF: u32 = 6;
/// How often when that was asked of the request before, or of a group it was part of.
const SUSPECT_PUT_OFF: u32 = 2;

/// A write that is sent.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) kind: Kind,
    pub(crate) live: &'a LiveBatch,
    pub(crate) patience: &'a Patience,
    /// It, or a group it was part of, was refused before: one strike is enough.
    pub(crate) suspect: bool,
    /// Nothing of it was refused before, in company or not.
    pub(crate) stranger: bool,
    /// It has left, as whoever sends it notes: what waits for its permit ends with the process, and what has left does not.
    pub(crate) left: &'a AtomicBool,
}

/// Why a request may not be sent.
enum Turned {
    /// Patience or the process has ended.
    Held,
    /// Its kind waits while others go on.
    Aside,
}

impl<T> From<Turned> for Tried<T> {
    fn from(turned: Turned) -> Self {
        match turned {
            Turned::Held => Self::Held,
            Turned::Aside => Self::Aside,
        }
    }
}

/// What speaks against a request.
#[derive(Default)]
struct Strikes {
    count: u32,
    put_off: u32,
    since: Option<Instant>,
}

impl Vendor {
    /// Sends until the answer is definite. `landed`: whether an answer says that something was written.
    pub(crate) async fn write<T, F, Fut>(
        &self,
        request: Request<'_>,
        landed: impl Fn(&T) -> bool,
        mut call: F,
    ) -> Tried<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Reply<T>>,
    {
        let mut unknown = false;
        let mut strikes = Strikes::default();
        let mut backoff = Backoff::new(RESEND.0, RESEND.1);
        loop {
            let _trial = match self.admitted(request, unknown).await {
                Ok(trial) => trial,
                Err(turned) => return turned.into(),
            };
            if !request.live.wait_to_send().await {
                return Tried::Lost;
            }
            let sent = Instant::now();
            let refusal = match self.unless_stopping(request.left, call()).await {
                None => return Tried::Held,
                Some(Reply::Ok(answer)) => {
                    self.answered();
                    if landed(&answer) {
                        self.wrote(request.kind, sent);
                    }
                    return Tried::Done(answer, unknown);
                }
                Some(Reply::Refused(refusal)) => {
                    self.answered();
                    if refusal.class == Class::Row || refusal.code == codes::TRANSACTION_EXISTS {
                        return Tried::Refused(refusal, unknown);
                    }
                    Some(refusal)
                }
                Some(Reply::Unknown(reason)) => {
                    unknown = true;
                    metrics::counter!(names::LOADER_UNKNOWN_OUTCOMES).increment(1);
                    Some(Refusal::unanswered(&reason))
                }
                Some(Reply::Unsent(reason)) => match self.not_sent(&reason) {
                    true => None,
                    false => continue,
                },
            };
            if let Some(mut refusal) = refusal
                && self.strike(request, &mut strikes, &refusal, unknown).await
            {
                refusal.times = strikes.put_off.max(1);
                return Tried::Refused(refusal, unknown);
            }
            if !request.patience.sleep(backoff.next_delay(), &self.stopping).await {
                return Tried::Held;
            }
        }
    }

    /// What the call comes to; `None` when the process ends before it has left.
    async fn unless_stopping<R>(&self, left: &AtomicBool, call: impl Future<Output = R>) -> Option<R> {
        left.store(false, Ordering::Relaxed);
        let mut call = pin!(call);
        tokio::select! {
            reply = &mut call => return Some(reply),
            () = self.stopping.over() => {}
        }
        match left.load(Ordering::Relaxed) {
            true => Some(call.await),
            false => None,
        }
    }

    /// Waits until the request may be sent, as usual or on trial. `unknown`: it was sent, and nobody knows what became of
    /// it, so that it cannot step aside.
    async fn admitted(&self, request: Request<'_>, unknown: bool) -> Result<Option<Trial>, Turned> {
        loop {
            if self.stopping.is_over() || !self.open(request.patience).await {
                return Err(Turned::Held);
            }
            match self.breaker.admit(request.kind, request.stranger) {
                Admission::Free => return Ok(None),
                Admission::Trial(trial) => return Ok(Some(trial)),
                Admission::Closed(..) if self.breaker.is_narrow(request.kind) => {
                    if !unknown {
                        return Err(Turned::Aside);
                    }
                    if !request.patience.sleep(CLOSING, &self.stopping).await {
                        return Err(Turned::Held);
                    }
                }
                Admission::Closed(pause, detail) => {
                    let standing = self.gate.pauses();
                    if standing.iter().any(|standing| standing.reason == pause) {
                        // The trial has had its requests; whoever waits for their ends closes the gate.
                        if !request.patience.sleep(CLOSING, &self.stopping).await {
                            return Err(Turned::Held);
                        }
                    } else {
                        // Somebody else has opened the gate.
                        self.pause_until_written(request.kind, pause, detail);
                    }
                }
            }
        }
    }

    /// An answer speaks against the request; `true` when it is not sent any more.
    async fn strike(
        &self,
        request: Request<'_>,
        strikes: &mut Strikes,
        refusal: &Refusal,
        unknown: bool,
    ) -> bool {
        let since = *strikes.since.get_or_insert_with(Instant::now);
        if refusal.asks_to_wait() {
            tracing::debug!(refusal = refusal.describe(), "vendor asks to wait");
            self.breaker.put_off(request.kind);
            strikes.put_off += 1;
            // Enough to look at fewer rows at a time, not to hold it against any of them.
            let enough = match self.breaker.succeeded_since(request.kind, since) {
                _ if request.suspect => SUSPECT_PUT_OFF,
                true => PUT_OFF,
                false => ALL_PUT_OFF,
            };
            return strikes.put_off >= enough;
        }
        if !self.works().await {
            self.is_away(refusal);
            *strikes = Strikes::default();
            return false;
        }
        strikes.count += 1;
        tracing::warn!(
            refusal = refusal.describe(),
            strikes = strikes.count,
            "a write fails while Jiandaoyun answers other calls"
        );
        // Dividing it takes as long as a lost call may land; meanwhile nobody knows whether all writes fail.
        if unknown && strikes.count > 1 && !self.breaker.succeeded_since(request.kind, since) {
            self.doubt_everything(request.kind, refusal);
        }
        let timed_out = refusal.status == 0;
        let enough = if unknown && !timed_out {
            UNANSWERED
        } else {
            REFUSED
        };
        request.suspect || strikes.count >= enough
    }

    /// A row that stands alone was refused, at first, perhaps in company, and at last at these times, and so often.
    pub(crate) fn judge(
        &self,
        kind: Kind,
        company: &str,
        refusal: &Refusal,
        refused: (Instant, Instant, u32),
    ) -> Verdict {
        let guess = match (refusal.class, pause_for(refusal)) {
            (Class::Row, _) => Guess::Row,
            (_, Pause::Quota) => Guess::Plan,
            _ if refusal.asks_to_wait() => Guess::Busy,
            _ => Guess::Unclear,
        };
        let verdict = self
            .breaker
            .refused(kind, company, &refusal.label(), guess, refused);
        match verdict {
            Verdict::Row => {
                if let Some(pause) = self.breaker.settle(kind) {
                    self.gate.open(pause);
                }
            }
            Verdict::Wait => {}
            Verdict::Everybody => self.doubt_everything(kind, refusal),
        }
        verdict
    }

    /// Waits until the row of one of these customers may be sent; `false` when patience or the process ends first.
    pub(crate) async fn wait_for_due(&self, companies: &[String], patience: &Patience) -> bool {
        let mut seen = self.breaker.watch();
        loop {
            let waits = companies.iter().map(|company| self.breaker.wait_of(company));
            let wait = waits.min().unwrap_or(Duration::ZERO);
            if wait.is_zero() {
                return true;
            }
            tokio::select! {
                going = patience.sleep(wait, &self.stopping) => if !going { return false },
                () = self.breaker.changed(&mut seen) => {}
            }
        }
    }
}
