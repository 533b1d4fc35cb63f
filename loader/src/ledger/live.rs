//! Live batches of this process: one heartbeat for all, and the question before every send, "is it still mine?".
//!
//! A process that was stopped for a while must not send when it wakes up, because its batch may have been finished by
//! another loader meanwhile. So a send is allowed only when the last successful renewal began less than
//! [`send_window`] ago by a local clock that goes on while the machine sleeps. That is far less than the lease, which
//! makes the time small for which a new index has to wait for loaders that have not noticed yet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{BatchId, Error, Ledger, Lua, script};

static RENEW: Lua = Lua::new(|| script(include_str!("renew.lua")));

/// How long a renewal allows sending, for a lease of this length.
pub(crate) fn send_window(lease: Duration) -> Duration {
    lease / 6
}

/// Time between renewals, for a lease of this length.
pub(crate) fn heartbeat(lease: Duration) -> Duration {
    lease / 15
}

/// Time since the machine was started, the time included in which it slept: leases end and the vendor forgets meanwhile.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Elsewhere such a clock has other names; loaders run on Linux.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// The live batches of this process.
pub(crate) struct Registry {
    clock: fn() -> Duration,
    send_window: Duration,
    live: Mutex<HashMap<BatchId, Arc<State>>>,
    beats: watch::Sender<()>,
}

struct State {
    /// Set when the lease was granted.
    fence: OnceLock<String>,
    /// Milliseconds of the clock at which the last successful renewal began.
    renewed: AtomicU64,
    lost: AtomicBool,
}

/// A batch that this process works on. Dropping it ends the renewals, nothing else.
pub(crate) struct LiveBatch {
    pub(crate) batch: BatchId,
    /// Proves ownership at commit.
    pub(crate) fence: String,
    /// Redis' clock when the lease was granted, ms.
    time_ms: i64,
    asked: Duration,
    registry: Arc<Registry>,
    state: Arc<State>,
}

impl Registry {
    /// An empty one, for leases of this length.
    pub(crate) fn new(lease: Duration) -> Arc<Self> {
        Self::by(since_boot, lease)
    }

    /// The same with another clock.
    pub(super) fn by(clock: fn() -> Duration, lease: Duration) -> Arc<Self> {
        Arc::new(Self {
            clock,
            send_window: send_window(lease),
            live: Mutex::default(),
            beats: watch::Sender::new(()),
        })
    }

    /// Announces a batch before Redis is asked for its lease, so that at no moment a batch of this process looks
    /// abandoned. `None` when a task of this process works on it already.
    pub(crate) fn announce(self: &Arc<Self>, batch: &str) -> Option<LiveBatch> {
        let asked = (self.clock)();
        let state = Arc::new(State {
            fence: OnceLock::new(),
            renewed: AtomicU64::new(millis(asked)),
            lost: AtomicBool::new(false),
        });
        match self.lock().entry(batch.to_owned()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(place) => place.insert(Arc::clone(&state)),
        };
        let registry = Arc::clone(self);
        Some(LiveBatch {
            batch: batch.to_owned(),
            fence: String::new(),
            time_ms: 0,
            asked,
            registry,
            state,
        })
    }

    /// Whether this process is working on the batch.
    pub(crate) fn is_live(&self, batch: &str) -> bool {
        self.lock().contains_key(batch)
    }

    /// Renews every live batch once.
    pub(crate) async fn renew(&self, ledger: &Ledger) -> Result<(), Error> {
        let granted = |(_, state): &(&BatchId, &Arc<State>)| state.fence.get().is_some();
        let live: Vec<(BatchId, Arc<State>)> = self
            .lock()
            .iter()
            .filter(granted)
            .map(|(batch, state)| (batch.clone(), Arc::clone(state)))
            .collect();
        if live.is_empty() {
            return Ok(());
        }
        let asked = millis((self.clock)());
        let lease = ledger.lease().as_millis().to_string();
        let mut args: Vec<Cow<'_, str>> =
            vec![ledger.owner().into(), lease.into(), live.len().to_string().into()];
        for (batch, state) in &live {
            args.push(batch.as_str().into());
            args.push(state.fence.get().map_or("", String::as_str).into());
        }
        let answer = ledger.call(&RENEW, &args).await;
        if let Err(Error::NoIndex) = &answer {
            live.iter()
                .for_each(|(_, state)| state.lost.store(true, Ordering::Release));
        }
        if let Ok(answers) = &answer {
            for ((_, state), held) in live.iter().zip(answers) {
                match held.as_str() {
                    "1" => state.renewed.store(asked, Ordering::Release),
                    _ => state.lost.store(true, Ordering::Release),
                }
            }
        }
        self.beats.send_replace(());
        answer.map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BatchId, Arc<State>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveBatch {
    /// The lease was granted with this fence, at this time of Redis' clock.
    pub(crate) fn granted(&mut self, fence: String, time_ms: i64) {
        // A batch is granted once, right after it was announced.
        drop(self.state.fence.set(fence.clone()));
        self.fence = fence;
        self.time_ms = time_ms;
    }

    /// Whether sending is allowed at this instant.
    pub(crate) fn may_send(&self) -> bool {
        let now = millis((self.registry.clock)());
        let age = now.saturating_sub(self.state.renewed.load(Ordering::Acquire));
        !self.is_lost() && Duration::from_millis(age) < self.registry.send_window
    }

    /// Redis' clock now, ms.
    pub(crate) fn now_ms(&self) -> i64 {
        let elapsed = (self.registry.clock)().saturating_sub(self.asked);
        self.time_ms
            .saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Whether the batch is known to belong to another loader.
    pub(crate) fn is_lost(&self) -> bool {
        self.state.lost.load(Ordering::Acquire)
    }

    /// Waits until sending is allowed, over a short absence of Redis for instance; `false` when the batch is lost.
    pub(crate) async fn wait_to_send(&self) -> bool {
        let mut beats = self.registry.beats.subscribe();
        loop {
            if self.may_send() {
                return true;
            }
            if self.is_lost() || beats.changed().await.is_err() {
                return false;
            }
        }
    }
}

impl Drop for LiveBatch {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.batch);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
