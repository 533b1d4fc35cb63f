//! The quota of one process: its wait queues, and the question to Redis that serves all who wait.

use super::{
    allowance::Allowance,
    bucket::{Bucket, Lane},
    clock::RoundTrip,
    day::Counts,
    error::Error,
    heard::Heard,
    limits::{EARLY, FAST, FAST_GAP, HOVER, LONGEST_PAUSE, SLACK},
    moves::{Move, Moves},
    permit::{Granted, Permit, unreported},
    scripts::{Answer, Refusal, Shared},
    wait_queue::WaitQueue,
};
use crate::{
    names::{Namespace, VendorAccount},
    store::Store,
    telemetry::names,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Waiters ask again at least this often, for the limits may have been pushed back or lifted meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Calls for which one question asks at most.
const TOGETHER: usize = 32;

const DAY_S: i64 = 86_400;

/// How a bucket's day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// Calls so far.
    pub used: u64,
    /// Until it ends.
    pub left: Duration,
}

/// Who queues together within a process: callers with the same buckets and lane.
type QueueName = (Vec<String>, Lane);

/// Gives permits to call vendors. Clones share the queues of the process.
#[derive(Clone)]
pub struct Quota {
    shared: Shared,
    counts: Arc<Counts>,
    queues: Arc<Mutex<HashMap<QueueName, Arc<WaitQueue>>>>,
    /// By the buckets' names.
    moves: Arc<Mutex<HashMap<Vec<String>, Arc<Moves>>>>,
    round_trip: Arc<RoundTrip>,
    heard: Heard,
}

impl Quota {
    /// Limits of a vendor account, for the pipeline of `namespace`. `accounts` is where Redis keeps them for all pipelines
    /// that share the account.
    pub fn new(store: Store, accounts: &Namespace, account: &VendorAccount, namespace: &Namespace) -> Self {
        Self {
            shared: Shared {
                store,
                keys: accounts.account_keys(account),
                member: namespace.to_string(),
            },
            counts: Arc::default(),
            queues: Arc::default(),
            moves: Arc::default(),
            round_trip: Arc::default(),
            heard: Heard::default(),
        }
    }

    /// Keeps what vendors say of their limits here.
    #[must_use]
    pub fn heard_by(mut self, heard: Heard) -> Self {
        self.heard = heard;
        self
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
            return Ok(Granted {
                slot: 0,
                due: asked,
                probe: false,
                unreported: Duration::ZERO,
            });
        };
        for name in [names::QUOTA_LATE, names::QUOTA_PUSHED_BACK] {
            for bucket in buckets {
                metrics::counter!(name, "bucket" => bucket.name.clone()).increment(0);
            }
        }
        let queue = self.queue(buckets, lane);
        let windows = buckets.iter().map(|bucket| bucket.window());
        let unreported = unreported(windows.min().unwrap_or_default());
        loop {
            let permit = queue.permit(|wanted| self.take(buckets, lane, wanted)).await?;
            if permit.check().await {
                let labels = [
                    ("bucket", narrowest.name.clone()),
                    ("lane", lane.name().to_owned()),
                ];
                metrics::histogram!(names::QUOTA_WAIT, &labels).record(asked.elapsed());
                return Ok(Granted {
                    slot: permit.slot,
                    due: permit.due,
                    probe: permit.probe,
                    unreported,
                });
            }
            metrics::counter!(names::QUOTA_LATE, "bucket" => narrowest.name.clone()).increment(1);
            self.shared.give_back(buckets, permit.slot).await?;
        }
    }

    /// The call that had this permit went out at `at`; a late one is counted from then on.
    pub async fn sent(&self, buckets: &[&Bucket], granted: Granted, at: Instant) -> Result<(), Error> {
        let counted = granted.counted_at(at);
        if counted > granted.slot {
            self.shared.moved(buckets, &[(granted.slot, counted)]).await?;
        }
        Ok(())
    }

    /// Nobody gets a permit from this bucket before `pause` has passed, after the vendor has said "too fast".
    pub async fn push_back(&self, bucket: &Bucket, pause: Duration) -> Result<(), Error> {
        metrics::counter!(names::QUOTA_PUSHED_BACK, "bucket" => bucket.name.clone()).increment(1);
        let pause = pause.min(LONGEST_PAUSE);
        self.heard.note(&bucket.name, 0, pause, now_ms());
        self.shared.push_back(bucket, pause).await?;
        Ok(())
    }

    /// The vendor has answered the one call within a long pause ([`Granted::is_probe`]) as it answers others: the pause is over
    /// for everybody.
    pub async fn reopen(&self, bucket: &Bucket) -> Result<(), Error> {
        tracing::info!(bucket = bucket.name, "the vendor takes calls again");
        self.heard.forget(&bucket.name);
        self.shared.reopen(bucket).await?;
        Ok(())
    }

    /// Counts the call that had this permit from when it leaves, and keeps its place in the window until then: opening a
    /// connection may take longer than the window lasts. `left` gets the time, or is dropped when nothing is sent.
    /// Says when the call counts, for [`Self::obey`].
    pub async fn follow(
        &self,
        buckets: &[&Bucket],
        granted: Granted,
        mut left: oneshot::Receiver<Instant>,
    ) -> i64 {
        let mut known = granted.slot;
        let moves = self.moves(buckets);
        loop {
            let (at, gone) = match tokio::time::timeout(HOVER, &mut left).await {
                Ok(Ok(at)) => (at, true),
                Ok(Err(_)) => return known,
                Err(_) => (Instant::now(), false),
            };
            let counted = granted.counted_at(at);
            if counted > known {
                let tell = |all: Vec<Move>| self.tell(buckets, all);
                if moves.tell((known, counted), tell).await {
                    known = counted;
                }
            }
            if gone {
                return known;
            }
        }
    }

    /// Lets everybody make no more calls than the vendor has said are left, in the answer to the call that counted at
    /// `counted`.
    pub async fn obey(&self, bucket: &Bucket, counted: i64, allowance: Allowance) -> Result<(), Error> {
        let lasts = allowance.lasts.min(LONGEST_PAUSE);
        self.heard.note(&bucket.name, allowance.left, lasts, now_ms());
        self.shared.obey(bucket, counted, allowance.left, lasts).await?;
        Ok(())
    }

    /// Calls of the bucket's day of all who share it, as far as this process was told with its last permit.
    #[must_use]
    pub fn today(&self, bucket: &Bucket) -> Today {
        let now = jiff::Timestamp::now().as_second() + i64::from(bucket.day_offset_s);
        let known = self.counts.of(&[bucket]).into_iter().next();
        let known = known.filter(|count| count.day == now.div_euclid(DAY_S));
        Today {
            used: known.map_or(0, |count| u64::try_from(count.used).unwrap_or(0)),
            left: Duration::from_secs((DAY_S - now.rem_euclid(DAY_S)).unsigned_abs()),
        }
    }

    /// Asks until a slot is at hand; then there may be as many as are wanted.
    async fn take(&self, buckets: &[&Bucket], lane: Lane, wanted: usize) -> Result<VecDeque<Permit>, Error> {
        loop {
            let sent = Instant::now();
            let wanted = wanted.min(TOGETHER);
            let known = self.counts.of(buckets);
            let answer = self.shared.take(buckets, lane, wanted, &known).await?;
            let received = Instant::now();
            self.round_trip.observe(received - sent);
            match answer {
                Answer::Granted { slots, counts, probe } => {
                    self.counts.told(buckets, counts);
                    let tolerance = buckets
                        .iter()
                        .map(|bucket| bucket.window().mul_f64(SLACK / 2.0))
                        .min();
                    let latest = sent + self.round_trip.usual() + tolerance.unwrap_or_default();
                    let permits = slots.into_iter().map(|slot| Permit {
                        slot: slot.at,
                        due: received + slot.wait,
                        latest: latest + slot.wait,
                        probe,
                    });
                    return Ok(permits.collect());
                }
                Answer::AskAgain { wait } => {
                    // The question takes half a round trip to arrive; a distant replica must set out earlier to
                    // have the same chance.
                    let head_start = EARLY + self.round_trip.usual() / 2;
                    let spread = EARLY.mul_f64(rand::random::<f64>());
                    let sleep = wait.saturating_sub(head_start) + spread;
                    tokio::time::sleep(sleep.min(LONGEST_SLEEP)).await;
                }
                Answer::Refused { bucket, until, why } => {
                    let bucket = buckets.get(bucket).map(|bucket| bucket.name.clone());
                    return Err(why.into_error(bucket.unwrap_or_default(), until));
                }
            }
        }
    }

    async fn tell(&self, buckets: &[&Bucket], moves: Vec<Move>) -> bool {
        match self.shared.moved(buckets, &moves).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, calls = moves.len(), "shared quota does not know that calls left late");
                false
            }
        }
    }

    fn moves(&self, buckets: &[&Bucket]) -> Arc<Moves> {
        let names = buckets.iter().map(|bucket| bucket.name.clone()).collect();
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        moves.entry(names).or_default().clone()
    }

    fn queue(&self, buckets: &[&Bucket], lane: Lane) -> Arc<WaitQueue> {
        let name = (buckets.iter().map(|bucket| bucket.name.clone()).collect(), lane);
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fast = || buckets.iter().all(|bucket| bucket.pace() < FAST);
        let new = || {
            Arc::new(WaitQueue::with_gap(if is_fast() {
                FAST_GAP
            } else {
                Duration::ZERO
            }))
        };
        queues.entry(name).or_insert_with(new).clone()
    }
}

impl Refusal {
    fn into_error(self, bucket: String, until: jiff::Timestamp) -> Error {
        match self {
            Self::Day => Error::DailyUsedUp { bucket, until },
            Self::ShareOfDay => Error::ShareUsedUp { bucket, until },
            Self::Pause => Error::Closed { bucket, until },
        }
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
