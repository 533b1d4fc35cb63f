//! Replicas under endless load, each with a thread, a runtime and a Redis pool of its own, and a judge.

use std::sync::{
    Arc, Barrier, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use std::thread;
use std::time::{Duration, Instant};

use pipeline::names::Namespace;
use pipeline::quota::{Bucket, Lane};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support;

/// Far more than any run takes, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What one replica does: so many tasks ask for permits from all buckets again and again.
#[derive(Clone)]
pub(super) struct Load {
    pub buckets: Vec<Bucket>,
    pub lane: Lane,
    pub tasks: usize,
    /// The pipeline that it belongs to; `None` is the one that all are of, unless they say otherwise.
    pub namespace: Option<Namespace>,
}

impl Load {
    pub(super) fn live(buckets: &[Bucket], tasks: usize) -> Self {
        Self {
            buckets: buckets.to_vec(),
            lane: Lane::Live,
            tasks,
            namespace: None,
        }
    }
}

/// When all replicas are done: after so many calls of all of them together.
#[derive(Clone)]
struct Goal {
    left: Arc<AtomicUsize>,
    done: CancellationToken,
}

impl Goal {
    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.done.cancel();
        }
    }
}

/// Runs one replica per load until all of them together have made `calls`; when each call was counted on Redis' clock,
/// in microseconds, per replica.
pub(super) fn run(namespace: &Namespace, loads: &[Load], calls: usize) -> Vec<Vec<i64>> {
    let start = Arc::new(Barrier::new(loads.len()));
    let goal = Goal {
        left: Arc::new(AtomicUsize::new(calls)),
        done: CancellationToken::new(),
    };
    let replicas = loads.iter().cloned().map(|load| {
        let (namespace, start, goal) = (namespace.clone(), start.clone(), goal.clone());
        thread::spawn(move || {
            start.wait();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(replica(namespace, load, goal))
        })
    });
    let replicas: Vec<_> = replicas.collect();
    replicas
        .into_iter()
        .map(|replica| replica.join().unwrap())
        .collect()
}

async fn replica(accounts: Namespace, load: Load, goal: Goal) -> Vec<i64> {
    let quota = support::quota_in(&accounts, load.namespace.as_ref().unwrap_or(&accounts));
    let counted = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..load.tasks {
        let (quota, load, counted, goal) = (quota.clone(), load.clone(), counted.clone(), goal.clone());
        tasks.spawn(async move {
            let buckets: Vec<_> = load.buckets.iter().collect();
            loop {
                let granted = tokio::select! {
                    biased;
                    () = goal.done.cancelled() => return,
                    granted = quota.grant(&buckets, load.lane) => granted.unwrap(),
                };
                let at = Instant::now();
                counted.lock().unwrap().push(granted.counted_at(at));
                goal.count();
                quota.sent(&buckets, granted, at).await.unwrap();
                // A call takes a while, and not always the same.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
            }
        });
    }
    let all = tokio::time::timeout(LIMIT, tasks.join_all()).await;
    let counted = std::mem::take(&mut *counted.lock().unwrap());
    assert!(all.is_ok(), "only {} calls of a replica", counted.len());
    counted
}

/// All calls in order of time.
pub(super) fn merged(replicas: &[Vec<i64>]) -> Vec<i64> {
    let mut all: Vec<_> = replicas.iter().flatten().copied().collect();
    all.sort();
    all
}

/// How many calls were counted although the `limit` calls before were counted within one second.
pub(super) fn violations(calls: &[i64], limit: usize) -> usize {
    calls
        .windows(limit + 1)
        .filter(|window| window[limit] - window[0] <= 1_000_000)
        .count()
}
