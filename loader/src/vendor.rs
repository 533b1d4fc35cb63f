//! The vendor's state of health, shared by everything that calls it: when to pause, and who notices that it is over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
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

/// One failed call may be bad luck; the second in a row is an outage.
const OUTAGE_AFTER: u32 = 2;
/// First and longest wait between two sends of the same request.
const RESEND: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(15));

/// Kept of the drain deadline to settle the deliveries of what is finished.
const RESERVED: Duration = Duration::from_secs(3);

/// The vendor as the write path sees it.
#[derive(Clone)]
pub(crate) struct Vendor {
    pub(crate) client: Arc<Client>,
    /// When to give up because the process ends.
    pub(crate) stopping: Stopping,
    gate: Gate,
    failures: Arc<AtomicU32>,
    breaker: Arc<Breaker>,
}

/// How long a batch is tried: the deliveries of a batch must go back long before the broker's time-out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    until: Instant,
}

/// The end of the process for batches under way: they may be finished until shortly before the drain deadline.
#[derive(Clone)]
pub(crate) struct Stopping {
    shutdown: Shutdown,
    asked: Arc<OnceLock<Instant>>,
}

impl Stopping {
    pub(crate) fn new(shutdown: Shutdown) -> Self {
        Self {
            shutdown,
            asked: Arc::default(),
        }
    }

    /// Completes when nothing new may be begun any more.
    pub(crate) async fn over(&self) {
        self.shutdown.requested().await;
        tokio::time::sleep_until(self.end().into()).await;
    }

    /// Whether that is so now.
    pub(crate) fn is_over(&self) -> bool {
        self.shutdown.is_requested() && Instant::now() >= self.end()
    }

    /// Counted from when the request to stop was first seen.
    fn end(&self) -> Instant {
        *self.asked.get_or_init(Instant::now) + self.shutdown.deadline().saturating_sub(RESERVED)
    }
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
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now() + limit,
        }
    }

    /// Nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Sleeps, but not beyond the end; `false` when it is over or the process must stop now.
    pub(crate) async fn sleep(&self, wait: Duration, stopping: &Stopping) -> bool {
        let end = (Instant::now() + wait).min(self.until);
        tokio::select! {
            () = tokio::time::sleep_until(end.into()) => !self.is_over(),
            () = stopping.over() => false,
        }
    }
}

impl Vendor {
    /// Pauses through this gate.
    pub(crate) fn new(client: Arc<Client>, gate: Gate, shutdown: Shutdown) -> Self {
        Self {
            client,
            stopping: Stopping::new(shutdown),
            gate,
            failures: Arc::default(),
            breaker: Arc::default(),
        }
    }

    /// Calls until the answer is definite, pausing the stage when that takes longer than bad luck explains.
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

    async fn try_until<T, F, Fut>(
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
                Reply::Unsent(Unsent::Connect(reason)) => self.troubled(&reason),
                Reply::Unsent(Unsent::Quota(reason)) => tracing::debug!(reason, "quota could not be asked"),
                Reply::Unsent(Unsent::Lease) => continue,
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
        tokio::select! {
            () = self.gate.opened() => true,
            () = tokio::time::sleep_until(patience.until.into()) => false,
            () = self.stopping.over() => false,
        }
    }

    /// The vendor has answered, whatever it said.
    fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call failed without an answer.
    fn troubled(&self, reason: &str) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::debug!(reason, failures, "vendor does not answer");
        if failures >= OUTAGE_AFTER {
            self.gate.close_until(
                Pause::Outage,
                format!("Jiandaoyun does not answer: {reason}"),
                self.probe(),
            );
        }
    }

    /// The row of a customer was refused for good; `false` when that is not about the row, and the stage pauses.
    pub(crate) fn blames_row(&self, refusal: &Refusal, company_id: &str) -> bool {
        if codes::is_documented(refusal.code) || !self.breaker.refused(refusal.code, company_id) {
            return true;
        }
        let detail = format!(
            "Jiandaoyun refuses every row with {}; ask its support what that means",
            refusal.describe()
        );
        self.gate.close_until(Pause::Configuration, detail, self.probe());
        false
    }

    /// A row was written.
    pub(crate) fn written(&self) {
        self.breaker.written();
    }

    /// The vendor refuses everything until a person has changed something.
    fn stopped(&self, refusal: &Refusal) {
        let pause = match (refusal.class, refusal.code) {
            (Class::Configuration, _) => Pause::Configuration,
            (_, 7000..8000) => Pause::Quota,
            _ => Pause::Credentials,
        };
        tracing::error!(
            code = refusal.label(),
            refusal = refusal.describe(),
            "Jiandaoyun refuses to work for us"
        );
        self.gate.close_until(
            pause,
            format!("Jiandaoyun answers {}", refusal.describe()),
            self.probe(),
        );
    }

    /// A call that only reads was refused with a code that is otherwise about rows: nobody can go on, and nothing else
    /// tells why.
    pub(crate) fn read_refused(&self, what: &str, refusal: &Refusal) {
        let detail = format!("{what} cannot be read: Jiandaoyun answers {}", refusal.describe());
        self.gate.close_until(Pause::Configuration, detail, self.probe());
    }

    /// A call that changes nothing and needs key, app and form to be right.
    fn probe(&self) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> + Send + 'static {
        let client = Arc::clone(&self.client);
        move || {
            let client = Arc::clone(&client);
            Box::pin(async move { matches!(client.widgets().await, Reply::Ok(_)) })
        }
    }
}
