//! A list that is behind the form, and a query by id that the key may not use: a row that is not seen is not gone (I2).

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);
/// The key may not use this call.
const NOT_IN_SCOPE: i64 = 17054;

/// One customer after the other, so that each row is taken by its place in the answer, changes or goes a moment after its row
/// was made. Two looks three seconds apart did not show it, and it passed for deleted.
#[tokio::test]
async fn a_row_that_lists_show_late_is_neither_made_twice_nor_left_behind() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(8)
        .seed(361)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "20")
        .set_for(Service::Loader, "JDY_TIMEOUT", "2s")
        .set_for(Service::Loader, "LATE_WRITES", "6s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "REMOVAL_LIMIT", "100")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let refused = FaultKind::Code {
        code: NOT_IN_SCOPE,
        message: "The API is not in the scope of the key.".to_owned(),
        status: None,
    };
    pipeline.simulator.fault(Fault::on(Vendor::Jdy, "get", refused));
    pipeline
        .simulator
        .set(|settings| settings.jdy.list_delay_ms = 7_000);
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let ids = pipeline.simulator.company_ids();
    for (made, id) in (1..).zip(&ids) {
        feed.put(&feed.records(&pipeline, &[*id])).await;
        pipeline.rows(LIMIT, made).await;
        pipeline.simulator.change_one(*id, None).unwrap();
        feed.put(&feed.records(&pipeline, &[*id])).await;
    }
    let gone = ids[ids.len() - 1];
    pipeline.simulator.remove_one(gone).unwrap();
    feed.put(&[feed.removal(&pipeline, gone)]).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (7, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
