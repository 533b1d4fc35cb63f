//! I6 over long times: however long the vendor is away, nothing is given up, and no delivery is held for as long as the
//! broker allows. Minutes are seconds here: `HOLD_AT_MOST` and `PATIENCE` are shortened alike.

use std::time::Duration;

use pipeline::stage::Stage;
use tests::harness::{Pipeline, Service, eventually, expect};
use tests::simulator::{Fault, FaultKind, Vendor};

use super::feed::Feed;

const SETTLED: Duration = Duration::from_secs(90);
const CUSTOMERS: u32 = 150;

async fn shortened(seed: u64) -> (Pipeline, Feed) {
    let pipeline = Pipeline::builder()
        .customers(CUSTOMERS)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "500ms")
        .set("HOLD_AT_MOST", "2s")
        .set_for(Service::Loader, "PATIENCE", "1s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

/// Every message is back in the queue, although a loader runs.
async fn all_given_back(pipeline: &Pipeline) {
    eventually(SETTLED, "every delivery is given back", async || {
        let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
        expect(waiting == Some(CUSTOMERS), || {
            format!("{waiting:?} of {CUSTOMERS}")
        })
    })
    .await;
}

#[tokio::test]
async fn a_long_outage_holds_no_delivery_and_costs_no_letter() {
    let (mut pipeline, feed) = shortened(121).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let outage = pipeline.simulator.outage(Vendor::Jdy);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("does not answer").await;
    all_given_back(&pipeline).await;
    // And it stays so: a paused loader takes nothing.
    pipeline[loader].pauses_for("does not answer").await;
    pipeline.simulator.clear_faults(Some(outage));
    pipeline.settled(SETTLED).await;
    pipeline.quiet(SETTLED, 0).await;
    pipeline.drain().await;
}

/// Reading works and writing does not, so that every probe opens the gate and the next write closes it again.
#[tokio::test]
async fn an_outage_of_writing_alone_holds_no_delivery_either() {
    let (mut pipeline, feed) = shortened(122).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let kind = FaultKind::Status {
        status: 502,
        commit: false,
    };
    let broken = Fault::on(Vendor::Jdy, "batch_create", kind);
    let broken = pipeline.simulator.fault(broken);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("does not answer").await;
    for _ in 0..2 {
        all_given_back(&pipeline).await;
        eventually(SETTLED, "they are taken again", async || {
            let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
            expect(waiting < Some(CUSTOMERS), || format!("{waiting:?}"))
        })
        .await;
    }
    pipeline.simulator.clear_faults(Some(broken));
    pipeline.settled(SETTLED).await;
    pipeline.quiet(SETTLED, 0).await;
    pipeline.drain().await;
}
