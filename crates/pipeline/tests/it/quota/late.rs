//! Calls that leave long after they were permitted, because a connection had to be opened first: no window is overrun, even
//! when that takes longer than a window.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pipeline::quota::{Bucket, Lane};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::replicas::violations;
use crate::support;

const RATE: usize = 10;
const CALLS: usize = 90;
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_leaves_late_keeps_its_place_until_it_leaves() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", RATE as f64));
    let quota = support::quota(&namespace);
    let counted: Arc<Mutex<Vec<i64>>> = Arc::default();
    let mut workers = JoinSet::new();
    for worker in 0..16u64 {
        let (quota, bucket, counted) = (quota.clone(), bucket.clone(), counted.clone());
        workers.spawn(async move {
            for call in worker.. {
                if counted.lock().unwrap().len() >= CALLS {
                    return;
                }
                let granted = quota.grant(&[&bucket], Lane::Live).await.unwrap();
                let (leaving, left) = oneshot::channel();
                // Every third call opens a connection, for longer than a window.
                let opening = match call % 3 {
                    0 => Duration::from_millis(1_300 + 100 * (worker % 8)),
                    _ => Duration::ZERO,
                };
                let open = async {
                    tokio::time::sleep(opening).await;
                    let _told = leaving.send(Instant::now());
                };
                let buckets = [&bucket];
                let ((), at) = tokio::join!(open, quota.follow(&buckets, granted, left));
                counted.lock().unwrap().push(at);
            }
        });
    }
    tokio::time::timeout(LIMIT, workers.join_all())
        .await
        .expect("all calls");
    let mut all = counted.lock().unwrap().clone();
    all.sort();
    assert_eq!(violations(&all, RATE), 0, "of {} calls", all.len());
}
