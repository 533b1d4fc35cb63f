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
    /// Share of the time in which we or Redis did not get the processor when we wanted it; explains a bad figure.
    pub starved: f64,
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
    let (calls, starved): (Vec<_>, Vec<_>) = replicas
        .into_iter()
        .map(|replica| replica.join().unwrap())
        .unzip();
    let starved = starved.iter().sum::<Duration>().div_f64(loads.len() as f64);
    Run {
        calls,
        starved: starved.as_secs_f64() / time.as_secs_f64(),
    }
}

async fn replica(namespace: Namespace, load: Load, until: Instant) -> (Vec<Instant>, Duration) {
    let quota = Quota::new(support::store(), namespace);
    let sent = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..load.tasks {
        let (quota, load, sent) = (quota.clone(), load.clone(), sent.clone());
        tasks.spawn(async move {
            let buckets: Vec<_> = load.buckets.iter().collect();
            let ask = || tokio::time::timeout_at(until.into(), quota.grant(&buckets, load.lane));
            while let Ok(Ok(granted)) = ask().await {
                let at = Instant::now();
                sent.lock().unwrap().push(at);
                quota.sent(&buckets, granted, at).await.unwrap();
                // A call takes a while, and not always the same.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
            }
        });
    }
    let starved = watch_starvation(until).await;
    tasks.join_all().await;
    (Arc::into_inner(sent).unwrap().into_inner().unwrap(), starved)
}

/// Sleeps and asks Redis again and again; adds up what that took longer than it does on an idle machine.
async fn watch_starvation(until: Instant) -> Duration {
    const USUAL: Duration = Duration::from_millis(3);
    let (store, mut total) = (support::store(), Duration::ZERO);
    while Instant::now() < until {
        let wake = Instant::now() + Duration::from_millis(20);
        tokio::time::sleep_until(wake.into()).await;
        store.ping().await.unwrap();
        total += wake.elapsed().saturating_sub(USUAL);
    }
    total
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

/// Share of the limit that was used in the usual window: the median, so that a moment in which the machine or its disk
/// held Redis up spoils one window and not the figure.
pub fn used(calls: &[Instant], limit: f64) -> f64 {
    let marks: Vec<_> = calls.iter().step_by(limit as usize).collect();
    let mut windows: Vec<_> = marks.windows(2).map(|pair| *pair[1] - *pair[0]).collect();
    windows.sort();
    1.0 / windows[windows.len() / 2].as_secs_f64()
}

/// The shortest time in which one call more than the limit was made; above a second, or the limit was broken.
pub fn tightest(calls: &[Instant], limit: usize) -> Duration {
    calls
        .windows(limit + 1)
        .map(|window| window[limit] - window[0])
        .min()
        .unwrap()
}
