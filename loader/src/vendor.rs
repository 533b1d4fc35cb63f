//! The vendor's state of health, shared by everything that calls it: when to pause, and who notices that it is over.

mod probe;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pipeline::gate::{Gate, Pause};
use pipeline::retry::Backoff;
use pipeline::shutdown::Shutdown;
use pipeline::telemetry::names;

use crate::breaker::Breaker;
use crate::jdy::client::Client;
use crate::jdy::codes::{self, Class};
use crate::jdy::types::{Refusal, Reply, Unsent};
use crate::ledger::LiveBatch;

pub(crate) use crate::patience::{Patience, Stopping};

/// One failed call may be bad luck; the second in a row is an outage.
const OUTAGE_AFTER: u32 = 2;
/// How often a batch that waits looks why it does.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// First and longest wait between two sends of the same request.
pub(crate) const RESEND: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(15));

/// The vendor as every call sees it; `write` is how rows are written.
#[derive(Clone)]
pub(crate) struct Vendor {
    pub(crate) client: Arc<Client>,
    /// When to give up because the process ends.
    pub(crate) stopping: Stopping,
    pub(crate) gate: Gate,
    /// Whose fault the refusals of writes are.
    pub(crate) breaker: Breaker,
    failures: Arc<AtomicU32>,
    /// Whether rows have been found by key.
    pub(crate) queried: Arc<AtomicBool>,
}

/// The end of a persistent call.
#[derive(Debug)]
pub(crate) enum Tried<T> {
    /// A definite yes; `true` when an earlier try of the same call may have got through as well.
    Done(T, bool),
    /// A definite no that is about the rows; `true` as above.
    Refused(Refusal, bool),
    /// The batch belongs to another loader now.
    Lost,
    /// Not now: paused, out of patience, or stopping. The batch stays in the ledger.
    Held,
    /// Not sent: every write of its kind is refused, while others succeed. Only writes end so.
    Aside,
}

impl Vendor {
    /// Pauses through this gate.
    pub(crate) fn new(client: Arc<Client>, gate: Gate, shutdown: Shutdown) -> Self {
        Self {
            client,
            stopping: Stopping::new(shutdown),
            gate,
            breaker: Breaker::default(),
            failures: Arc::default(),
            queried: Arc::default(),
        }
    }

    /// Reads until the answer is definite, pausing the stage when that takes longer than bad luck explains. Writes go
    /// through `write`.
    pub(crate) async fn insist<T, F, Fut>(
        &self,
        live: Option<&LiveBatch>,
        patience: &Patience,
        call: F,
    ) -> Tried<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Reply<T>>,
    {
        self.try_until(live, patience, true, call).await
    }

    /// The same for those who work while the stage is paused: they do not wait for the gate.
    pub(crate) async fn insist_paused<T, F, Fut>(&self, patience: &Patience, call: F) -> Tried<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Reply<T>>,
    {
        self.try_until(None, patience, false, call).await
    }

    /// `gated`: waits for the gate.
    pub(crate) async fn try_until<T, F, Fut>(
        &self,
        live: Option<&LiveBatch>,
        patience: &Patience,
        gated: bool,
        mut call: F,
    ) -> Tried<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Reply<T>>,
    {
        let mut unknown = false;
        let mut backoff = Backoff::new(RESEND.0, RESEND.1);
        loop {
            if gated && !self.open(patience).await {
                return Tried::Held;
            }
            if let Some(live) = live
                && !live.wait_to_send().await
            {
                return Tried::Lost;
            }
            match call().await {
                Reply::Ok(answer) => {
                    self.answered();
                    return Tried::Done(answer, unknown);
                }
                Reply::Refused(refusal) => {
                    self.answered();
                    match refusal.class {
                        Class::Row => return Tried::Refused(refusal, unknown),
                        Class::Retry if refusal.code == codes::TRANSACTION_EXISTS => {
                            return Tried::Refused(refusal, unknown);
                        }
                        Class::Retry => tracing::debug!(refusal = refusal.describe(), "vendor asks to wait"),
                        Class::Configuration | Class::Stop => {
                            self.stopped(&refusal);
                            return Tried::Held;
                        }
                    }
                }
                Reply::Unknown(reason) => {
                    unknown = true;
                    metrics::counter!(names::LOADER_UNKNOWN_OUTCOMES).increment(1);
                    self.troubled(&reason);
                }
                Reply::Unsent(reason) => match self.not_sent(&reason) {
                    true => {}
                    false => continue,
                },
            }
            if !patience.sleep(backoff.next_delay(), &self.stopping).await {
                return Tried::Held;
            }
        }
    }

    /// Waits until the stage is open; `false` when patience or the process ends first.
    pub(crate) async fn open(&self, patience: &Patience) -> bool {
        if self.gate.is_open() {
            return !patience.is_over();
        }
        let began = Instant::now();
        loop {
            // Why it is closed may change meanwhile, and with it how long a batch may be kept.
            let usual = patience.until.saturating_duration_since(began);
            let left = self.gate.hold_at_most(usual).saturating_sub(began.elapsed());
            if left.is_zero() {
                return false;
            }
            tokio::select! {
                () = self.gate.opened() => return true,
                () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
                () = self.stopping.over() => return false,
            }
        }
    }

    /// The vendor has answered, whatever it said.
    pub(crate) fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call was not sent; `false` when it can be tried again at once.
    pub(crate) fn not_sent(&self, reason: &Unsent) -> bool {
        match reason {
            Unsent::Connect(reason) => self.troubled(reason),
            Unsent::Quota(reason) => tracing::debug!(reason, "quota could not be asked"),
            Unsent::Lease => return false,
        }
        true
    }

    /// A call failed without an answer.
    pub(crate) fn troubled(&self, reason: &str) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::debug!(reason, failures, "vendor does not answer");
        if failures >= OUTAGE_AFTER {
            self.gate
                .close_until(Pause::Outage, unanswered(reason), self.probe(Pause::Outage));
        }
    }

    /// Nothing is wrong with the request: the vendor does not work for us at all, as a call that changes nothing has
    /// shown.
    pub(crate) fn is_away(&self, refusal: &Refusal) {
        if needs_person(refusal) {
            return self.stopped(refusal);
        }
        let why = unanswered(&refusal.message);
        self.gate
            .close_until(Pause::Outage, why, self.probe(Pause::Outage));
    }

    /// A query that fails while others are answered fails because of the rows that it would show: the inner `Err`.
    pub(crate) async fn about_rows<T>(&self, reply: Reply<T>) -> Reply<Result<T, Refusal>> {
        let refusal = match &reply {
            Reply::Unknown(reason) => Refusal::unanswered(reason),
            Reply::Refused(refusal) if !refusal.asks_to_wait() => refusal.clone(),
            Reply::Refused(_) | Reply::Ok(_) | Reply::Unsent(_) => return reply.map(Ok),
        };
        match self.works().await {
            true => Reply::Ok(Err(refusal)),
            false => reply.map(Ok),
        }
    }

    /// The vendor refuses everything until a person has changed something.
    fn stopped(&self, refusal: &Refusal) {
        tracing::error!(
            code = refusal.label(),
            refusal = refusal.describe(),
            "Jiandaoyun refuses to work for us"
        );
        let reason = pause_for(refusal);
        self.gate.close_until(
            reason,
            words::tr!("Jiandaoyun answers {}", refusal.describe()),
            self.probe(reason),
        );
    }

    /// A call that only reads was refused with a code that is otherwise about rows: nothing else tells why nobody goes on.
    pub(crate) fn read_refused(&self, what: &str, refusal: &Refusal) {
        let detail = words::tr!("{what} cannot be read: Jiandaoyun answers {}", refusal.describe());
        self.gate
            .close_until(Pause::Configuration, detail, self.probe(Pause::Configuration));
    }
}

const fn needs_person(refusal: &Refusal) -> bool {
    matches!(refusal.class, Class::Stop | Class::Configuration)
}

/// What a pause for this answer is called.
pub(crate) fn pause_for(refusal: &Refusal) -> Pause {
    match (refusal.class, refusal.code) {
        (Class::Configuration | Class::Row, _) => Pause::Configuration,
        (Class::Stop, 7000..8000) => Pause::Quota,
        (Class::Stop, _) => Pause::Credentials,
        (Class::Retry, _) => Pause::Outage,
    }
}

fn unanswered(reason: &str) -> String {
    words::tr!("Jiandaoyun does not answer: {reason}")
}
