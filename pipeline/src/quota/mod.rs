//! Vendors' rate limits, shared by all replicas through Redis: exact in every one-second window, and used up to it.
//!
//! # How
//!
//! A caller asks one Lua script for leave to send *now* (`take.lua`). The script keeps, per bucket, the times of the
//! last N calls (N = calls per second) on Redis' clock, and lets the next call go at
//!
//! ```text
//! at = max(now, nth_last + window · (1 + SLACK), last + pace, hold)        over all buckets of the call
//! ```
//!
//! If that moment is more than a breath away (`EARLY`), nothing is reserved: the caller is told when to ask again.
//! Slots are never handed out ahead, so a replica that dies or stalls while waiting takes none with it, and a call
//! that waits for its endpoint's bucket does not punch holes into the company-wide one.
//!
//! # Why no window is ever overrun
//!
//! Let `c(k)` be the time granted to call k and `d(k) ≥ 0` its delay until the vendor counts it (waking up, network).
//! Calls k and k+N arrive `c(k+N) + d(k+N) − c(k) − d(k) ≥ 1 s · (1 + SLACK) + d(k+N) − d(k)` apart, so N+1 calls fit
//! into one second only if one delay exceeds another by more than the slack, 17 ms. A constant delay cancels out,
//! however long, and a delay of call k+N only helps; what hurts is a call k that leaves late. So whoever wakes up later
//! than half of the slack gives the slot back and asks again (`Leave::check`), and whoever finds that its bytes went
//! out later than granted, because a connection had to be opened or the machine was busy, says so ([`Quota::sent`]):
//! then `c(k)` is the time at which they really went, long before call k+N asks. The slack is left to the network.
//! It does not depend on N: for 10/s and for 1000/s it is 17 ms of each second, 1.7 % of the quota; the rest is usable.
//!
//! The pace only spreads the calls within the window. A stall of up to 200 ms is made up for by sending faster, which
//! is what keeps the quota used on a busy machine, and after an idle time a few calls may go at once.
//!
//! A Redis that has lost its memory, or another server behind the same address, knows nothing of the last second:
//! the script recognises it by the server's run id and lets one full window pass before the first call.
//!
//! # Who comes first
//!
//! Within a process and lane, callers queue in order, and the first asks for all that wait; what it gets beyond its own
//! goes to the next ones at once. Between replicas, whoever asks first wins; all of them ask at
//! the same moment, spread by a random millisecond, so each gets its share. Between lanes, a caller that is told to
//! wait leaves a mark with the time of its slot in each bucket, and lower lanes keep off that slot.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::names::Namespace;
use crate::store::{self, Store};
use crate::telemetry::names;

mod bucket;
mod clock;
mod leave;
mod line;
mod scripts;

pub use bucket::{Bucket, Lane};
pub use leave::Granted;

use clock::RoundTrip;
use leave::Leave;
use line::Line;
use scripts::Answer;

/// Share of a window that is kept free; see the module's documentation for what it pays for.
const SLACK: f64 = 0.017;
/// A call that left this late is counted from when it left; less is not worth the question.
const TOLD: Duration = Duration::from_millis(1);
/// How close a slot must be to be taken: the caller sleeps this last bit with the slot in hand.
const EARLY: Duration = Duration::from_millis(2);
/// Waiters look again at least this often, for the limits may have been pushed back or lifted meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Leave cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket's daily quota is used up; asking again makes no sense before `until`.
    #[error("daily quota of {bucket} is used up until {until}")]
    DailyUsedUp {
        /// Which one.
        bucket: String,
        /// The next midnight of the bucket's zone.
        until: Timestamp,
    },
    /// Redis cannot be asked. Sending without asking would break the limit, so this pauses the stage.
    #[error("shared quota cannot be asked")]
    Store(#[from] store::Error),
}

/// Calls for which one question asks at most.
const TOGETHER: usize = 32;

/// Who queues together within a process: callers with the same buckets and lane.
type LineName = (Vec<String>, Lane);

/// Leave to call vendors. Clones share the queues of the process.
#[derive(Clone)]
pub struct Quota {
    store: Store,
    namespace: Namespace,
    lines: Arc<Mutex<HashMap<LineName, Arc<Line>>>>,
    round_trip: Arc<RoundTrip>,
}

impl Quota {
    /// Limits of this namespace.
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self {
            store,
            namespace,
            lines: Arc::default(),
            round_trip: Arc::default(),
        }
    }

    /// Returns when the caller must send, at once: serialise the request and open the connection before asking.
    ///
    /// Name the narrowest bucket first (endpoint, then company); its name labels the queue and the metrics.
    /// Dropping the future gives the place in the queue up.
    pub async fn acquire(&self, buckets: &[&Bucket], lane: Lane) -> Result<(), Error> {
        self.grant(buckets, lane).await.map(drop)
    }

    /// The same for callers that can say when the call really left.
    pub async fn grant(&self, buckets: &[&Bucket], lane: Lane) -> Result<Granted, Error> {
        let asked = Instant::now();
        let Some(narrowest) = buckets.first() else {
            return Ok(Granted { slot: 0, due: asked });
        };
        let line = self.line(buckets, lane);
        loop {
            let leave = line.leave(|wanted| self.take(buckets, lane, wanted)).await?;
            if leave.check().await {
                let labels = [
                    ("bucket", narrowest.name.clone()),
                    ("lane", lane.name().to_owned()),
                ];
                metrics::histogram!(names::QUOTA_WAIT, &labels).record(asked.elapsed());
                return Ok(Granted {
                    slot: leave.slot,
                    due: leave.due,
                });
            }
            metrics::counter!(names::QUOTA_LATE, "bucket" => narrowest.name.clone()).increment(1);
            scripts::give_back(&self.store, &self.namespace, buckets, leave.slot).await?;
        }
    }

    /// The call that was granted leave went out at `at`; a late one is counted from then on.
    pub async fn sent(&self, buckets: &[&Bucket], granted: Granted, at: Instant) -> Result<(), Error> {
        let late = at.saturating_duration_since(granted.due);
        if late > TOLD {
            scripts::moved(&self.store, &self.namespace, buckets, granted.slot, late).await?;
        }
        Ok(())
    }

    /// Nobody gets leave from this bucket before `pause` has passed, after the vendor has said "too fast".
    pub async fn push_back(&self, bucket: &Bucket, pause: Duration) -> Result<(), Error> {
        metrics::counter!(names::QUOTA_PUSHED_BACK, "bucket" => bucket.name.clone()).increment(1);
        scripts::push_back(&self.store, &self.namespace, bucket, pause).await?;
        Ok(())
    }

    /// Asks until a slot is at hand; then there may be as many as are wanted.
    async fn take(&self, buckets: &[&Bucket], lane: Lane, wanted: usize) -> Result<VecDeque<Leave>, Error> {
        loop {
            let sent = Instant::now();
            let wanted = wanted.min(TOGETHER);
            let answer = scripts::take(&self.store, &self.namespace, buckets, lane, wanted).await?;
            let received = Instant::now();
            self.round_trip.observe(received - sent);
            match answer {
                Answer::Granted(slots) => {
                    let tolerance = buckets
                        .iter()
                        .map(|bucket| bucket.window().mul_f64(SLACK / 2.0))
                        .min();
                    let latest = sent + self.round_trip.usual() + tolerance.unwrap_or_default();
                    let leaves = slots.into_iter().map(|slot| Leave {
                        slot: slot.at,
                        due: received + slot.wait,
                        latest: latest + slot.wait,
                    });
                    return Ok(leaves.collect());
                }
                Answer::AskAgain { wait } => {
                    // The question takes half a round trip to arrive; a distant replica must set out earlier to
                    // have the same chance.
                    let head_start = EARLY + self.round_trip.usual() / 2;
                    let spread = EARLY.mul_f64(rand::random::<f64>());
                    let sleep = wait.saturating_sub(head_start) + spread;
                    tokio::time::sleep(sleep.min(LONGEST_SLEEP)).await;
                }
                Answer::DailyUsedUp { bucket, until } => {
                    let bucket = buckets
                        .get(bucket)
                        .map(|bucket| bucket.name.clone())
                        .unwrap_or_default();
                    return Err(Error::DailyUsedUp { bucket, until });
                }
            }
        }
    }

    fn line(&self, buckets: &[&Bucket], lane: Lane) -> Arc<Line> {
        let name = (buckets.iter().map(|bucket| bucket.name.clone()).collect(), lane);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(name).or_default().clone()
    }
}
