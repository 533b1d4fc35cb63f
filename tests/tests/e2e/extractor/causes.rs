//! A pause says why nothing goes on now, and not why it began.

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};

/// The listing fails in one way after another.
#[tokio::test]
async fn a_pause_names_what_fails_now() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(421)
        .set("OKKI_TIMEOUT", "2s")
        .start()
        .await;
    let fault = |kind| Fault::on(Vendor::Okki, "list", kind);
    let mut standing = pipeline.simulator.fault(fault(FaultKind::Malformed));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("outage").await;
    let status = |status| FaultKind::Status {
        status,
        commit: false,
    };
    for (kind, said) in [(status(502), "502"), (status(503), "503")] {
        let next = pipeline.simulator.fault(fault(kind));
        pipeline.simulator.clear_faults(Some(standing));
        standing = next;
        pipeline[extractor].pauses_for(said).await;
    }
    pipeline.simulator.clear_faults(Some(standing));
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}
