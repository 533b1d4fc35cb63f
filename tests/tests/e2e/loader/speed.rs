//! I5: with an endless backlog the quota is used up and never overrun, by one loader and by four together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service};

use super::feed::Feed;

const SETTLED: Duration = Duration::from_secs(90);
/// Small batches: it is calls that are counted, and a machine that is busy with large ones cannot say when they came.
const BATCH: usize = 10;
/// Rows that are looked at; the backlog is larger, so that nobody runs dry before.
const MEASURED: usize = 90 * BATCH;
/// All customers.
const CUSTOMERS: usize = 100 * BATCH;
/// Calls of `batch_create` in a second (`jiandaoyun-api.md §1.1`).
const ALLOWED: u32 = 10;

/// A call that the simulator notices this much later than the one ten before it is no call that was sent too early.
const HICCUP: Duration = Duration::from_millis(8);

/// Sleeps and wakes up all the time, and counts when the machine let it wait: then the simulator, which runs beside it,
/// did not see calls when they came either.
struct Hiccups {
    over: Arc<AtomicBool>,
    watch: JoinHandle<(u64, Duration)>,
}

impl Hiccups {
    #[allow(
        clippy::disallowed_methods,
        reason = "a thread of its own, on which no executor waits"
    )]
    fn watch() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let watch = std::thread::spawn(move || {
            let (mut count, mut total) = (0, Duration::ZERO);
            while !ended.load(Ordering::Relaxed) {
                let wake = Instant::now() + Duration::from_millis(2);
                std::thread::sleep(Duration::from_millis(2));
                let late = wake.elapsed();
                if late > HICCUP {
                    (count, total) = (count + 1, total + late);
                }
            }
            (count, total)
        });
        Self { over, watch }
    }

    fn end(self) -> (u64, Duration) {
        self.over.store(true, Ordering::Relaxed);
        self.watch.join().unwrap()
    }
}

/// The median of the whole seconds: a disk or another test that holds up the broker or Redis for a moment spoils the
/// seconds it happens in, while a quota that is not used up shows in every one. `make bench` measures the whole time.
fn usual_second(calls: &[u32]) -> u32 {
    let mut whole = calls[..calls.len() - 1].to_vec();
    whole.sort_unstable();
    whole[whole.len() / 2]
}

async fn write_at_full_speed(loaders: usize, seed: u64) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS as u32)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", BATCH.to_string())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    let ids: Vec<_> = (0..loaders).map(|_| pipeline.run(Service::Loader)).collect();
    for id in ids {
        pipeline[id].ready().await;
    }
    let hiccups = Hiccups::watch();
    pipeline.rows(SETTLED, MEASURED).await;
    let jdy = pipeline.simulator.stats().jdy;
    let rows = pipeline.simulator.form_rows();
    let (hiccups, lost) = hiccups.end();
    let creates = &jdy.calls["batch_create"];
    let seen = format!(
        "{loaders} loaders: {rows} rows, {creates:?}, {} violations, {hiccups} hiccups ({lost:?})",
        jdy.quota_violations
    );
    println!("{seen}");
    assert!(jdy.quota_violations <= hiccups, "{seen}");
    let full = creates.answers["ok"] * BATCH as u64;
    assert!(rows as u64 >= full * 9 / 10, "batches are not full: {seen}");
    assert!(usual_second(&creates.per_second) >= ALLOWED * 9 / 10, "{seen}");
    let report = pipeline.settled(SETTLED).await;
    assert_eq!((report.form_rows, report.duplicates), (CUSTOMERS, 0));
    pipeline.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_loader_uses_the_whole_quota_and_no_more() {
    write_at_full_speed(1, 111).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_loaders_share_the_whole_quota_and_no_more() {
    write_at_full_speed(4, 112).await;
}
