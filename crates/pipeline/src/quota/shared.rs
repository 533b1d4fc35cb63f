//! The quota of one process: its wait queues, and the question to Redis that serves all who wait.

use super::{
    bucket::{Bucket, Lane},
    clock::RoundTrip,
    error::Error,
    limits::{EARLY, SLACK},
    permit::{Granted, Permit},
    scripts::{self, Answer},
    wait_queue::WaitQueue,
};
use crate::{names::Namespace, store::Store, telemetry::names};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Waiters ask again at least this often, for the limits may have been pushed back or lifted meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Calls for which one question asks at most.
const TOGETHER: usize = 32;

/// Who queues together within a process: callers with the same buckets and lane.
type QueueName = (Vec<String>, Lane);

/// Gives permits to call vendors. Clones share the queues of the process.
#[derive(Clone)]
pub struct Quota {
    store: Store,
    namespace: Namespace,
    queues: Arc<Mutex<HashMap<QueueName, Arc<WaitQueue>>>>,
    round_trip: Arc<RoundTrip>,
}

impl Quota {
    /// Limits of this namespace.
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self {
            store,
            namespace,
            queues: Arc::default(),
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
        let queue = self.queue(buckets, lane);
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
                });
            }
            metrics::counter!(names::QUOTA_LATE, "bucket" => narrowest.name.clone()).increment(1);
            scripts::give_back(&self.store, &self.namespace, buckets, permit.slot).await?;
        }
    }

    /// The call that had this permit went out at `at`; a late one is counted from then on.
    pub async fn sent(&self, buckets: &[&Bucket], granted: Granted, at: Instant) -> Result<(), Error> {
        let counted = granted.counted_at(at);
        if counted > granted.slot {
            scripts::moved(&self.store, &self.namespace, buckets, granted.slot, counted).await?;
        }
        Ok(())
    }

    /// Nobody gets a permit from this bucket before `pause` has passed, after the vendor has said "too fast".
    pub async fn push_back(&self, bucket: &Bucket, pause: Duration) -> Result<(), Error> {
        metrics::counter!(names::QUOTA_PUSHED_BACK, "bucket" => bucket.name.clone()).increment(1);
        scripts::push_back(&self.store, &self.namespace, bucket, pause).await?;
        Ok(())
    }

    /// For how long a push-back keeps the bucket closed; zero when it is open.
    pub async fn closed_for(&self, bucket: &Bucket) -> Result<Duration, Error> {
        Ok(scripts::closed_for(&self.store, &self.namespace, bucket).await?)
    }

    /// Asks until a slot is at hand; then there may be as many as are wanted.
    async fn take(&self, buckets: &[&Bucket], lane: Lane, wanted: usize) -> Result<VecDeque<Permit>, Error> {
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
                    let permits = slots.into_iter().map(|slot| Permit {
                        slot: slot.at,
                        due: received + slot.wait,
                        latest: latest + slot.wait,
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

    fn queue(&self, buckets: &[&Bucket], lane: Lane) -> Arc<WaitQueue> {
        let name = (buckets.iter().map(|bucket| bucket.name.clone()).collect(), lane);
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.entry(name).or_default().clone()
    }
}
