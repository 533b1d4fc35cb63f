//! I5: with an endless backlog the quota is never overrun, by one loader and by four together. Whether it is used up is
//! a question of speed, which `make bench` answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::Overruns;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
/// Small batches: it is calls that are counted, and a machine that is busy with large ones cannot say when they came.
const BATCH: usize = 10;
/// Rows after which calls are counted; the backlog is larger, so that no loader runs dry before.
const MEASURED: usize = 90 * BATCH;
/// All customers.
const CUSTOMERS: usize = 100 * BATCH;
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
    pipeline.rows(LIMIT, MEASURED).await;
    let jdy = pipeline.simulator.stats().jdy;
    let overruns = Overruns::of(&pipeline.simulator.stats());
    let (hiccups, lost) = hiccups.end();
    let creates = &jdy.calls["batch_create"];
    let seen = format!("{loaders} loaders: {creates:?}, {overruns}, {hiccups} hiccups ({lost:?})");
    println!("{seen}");
    assert!(
        overruns.calls <= hiccups || overruns.are_few_and_refused(),
        "{seen}"
    );
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (CUSTOMERS, 0));
    pipeline.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_loader_at_full_speed_keeps_the_quota() {
    write_at_full_speed(1, 111).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_loaders_at_full_speed_keep_one_quota_together() {
    write_at_full_speed(4, 112).await;
}
