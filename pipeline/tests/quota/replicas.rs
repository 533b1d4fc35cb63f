//! Replicas under endless load, each with a thread, a runtime and a Redis pool of its own, and a judge.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pipeline::names::Namespace;
use pipeline::quota::{Bucket, Lane, Quota};
use tokio::task::JoinSet;

use crate::support;

/// What one replica does: so many tasks take leave from all buckets again and again.
#[derive(Clone)]
pub struct Load {
    pub buckets: Vec<Bucket>,
    pub lane: Lane,
    pub tasks: usize,
}

impl Load {
    pub fn live(buckets: &[Bucket], tasks: usize) -> Self {
        Self {
            buckets: buckets.to_vec(),
            lane: Lane::Live,
            tasks,
        }
    }
}

/// What happened.
pub struct Run {
    /// When each leave was had, per replica.
    pub calls: Vec<Vec<Instant>>,
    /// How much later than asked for the replicas woke up on average: how busy the machine was with other things.
    pub lateness: Duration,
}

impl Run {
    /// What must be used of a limit: 95 %, less what a machine takes away that lets processes wait for their turn.
    /// A call that goes out late delays the one after a full window by the same time.
    pub fn required(&self) -> f64 {
        0.95 - 2.0
            * self
                .lateness
                .saturating_sub(Duration::from_millis(2))
                .as_secs_f64()
    }
}

/// Runs one replica per load for `time`.
pub fn run(namespace: &Namespace, loads: &[Load], time: Duration) -> Run {
    let start = Arc::new(Barrier::new(loads.len()));
    let replicas = loads.iter().cloned().map(|load| {
        let (namespace, start) = (namespace.clone(), start.clone());
        thread::spawn(move || {
            start.wait();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(replica(namespace, load, Instant::now() + time))
        })
    });
    let replicas: Vec<_> = replicas.collect();
    let (calls, lateness): (Vec<_>, Vec<_>) = replicas
        .into_iter()
        .map(|replica| replica.join().unwrap())
        .unzip();
    let lateness = lateness.iter().sum::<Duration>() / u32::try_from(loads.len()).unwrap();
    Run { calls, lateness }
}

async fn replica(namespace: Namespace, load: Load, until: Instant) -> (Vec<Instant>, Duration) {
    let quota = Quota::new(support::store(), namespace);
    let sent = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..load.tasks {
        let (quota, load, sent) = (quota.clone(), load.clone(), sent.clone());
        tasks.spawn(async move {
            let buckets: Vec<_> = load.buckets.iter().collect();
            let acquire = || tokio::time::timeout_at(until.into(), quota.acquire(&buckets, load.lane));
            while acquire().await.is_ok_and(|leave| leave.is_ok()) {
                sent.lock().unwrap().push(Instant::now());
                // A call takes a while, and not always the same.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
            }
        });
    }
    let lateness = watch_lateness(until).await;
    tasks.join_all().await;
    (Arc::into_inner(sent).unwrap().into_inner().unwrap(), lateness)
}

/// Sleeps again and again; answers how late it was woken on average.
async fn watch_lateness(until: Instant) -> Duration {
    let (mut total, mut naps) = (Duration::ZERO, 0);
    while Instant::now() < until {
        let wake = Instant::now() + Duration::from_millis(20);
        tokio::time::sleep_until(wake.into()).await;
        total += wake.elapsed();
        naps += 1;
    }
    total / naps
}

/// All calls in order of time.
pub fn merged(replicas: &[Vec<Instant>]) -> Vec<Instant> {
    let mut all: Vec<_> = replicas.iter().flatten().copied().collect();
    all.sort();
    all
}

/// How many calls came although the `limit` calls before were made within one second.
pub fn violations(calls: &[Instant], limit: usize) -> usize {
    calls
        .windows(limit + 1)
        .filter(|window| window[limit] - window[0] <= Duration::from_secs(1))
        .count()
}

/// Share of the limit that was used between the first and the last call.
pub fn used(calls: &[Instant], limit: f64) -> f64 {
    let time = *calls.last().unwrap() - calls[0];
    (calls.len() - 1) as f64 / time.as_secs_f64() / limit
}

/// The shortest time in which one call more than the limit was made; above a second, or the limit was broken.
pub fn tightest(calls: &[Instant], limit: usize) -> Duration {
    calls
        .windows(limit + 1)
        .map(|window| window[limit] - window[0])
        .min()
        .unwrap()
}
