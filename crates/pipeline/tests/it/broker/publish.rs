//! What the publisher does when its connection is lost before the broker's confirms arrive.

use kit::{
    config,
    workbench::{Workbench, reference},
};
use pipeline::{
    message::Outgoing, service::Runtime, setting::Secret, shutdown::Shutdown, stage::Stage,
    telemetry::Metrics,
};

/// What the process counted as published once more to this queue.
fn republished(metrics: &Metrics, queue: &str) -> u64 {
    let series = format!("okki_republished_total{{namespace=\"okki-test\",queue=\"{queue}\"}} ");
    let text = metrics.render();
    let count = text.lines().find_map(|line| line.strip_prefix(&series));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_not_confirmed_are_published_and_counted_once_more() {
    let metrics = Metrics::install(&"okki-test".parse().unwrap()).unwrap();
    let bench = Workbench::new().await;
    let queue = bench.queue(Stage::Extract);
    let proxy = bench.proxy().await;
    let mut common = config::common(&bench.namespace);
    common.amqp.url = Secret::new(proxy.redirected(common.amqp.url.expose()).unwrap());
    let rt = Runtime::assemble("test", &common, Shutdown::manual(common.drain_deadline)).unwrap();
    let messages = |ids: std::ops::Range<usize>| {
        let messages = ids.map(|id| Outgoing::to(Stage::Extract, &reference(id)));
        messages.collect::<Vec<_>>()
    };

    rt.publisher.publish(messages(0..1)).await.unwrap();
    assert_eq!(republished(&metrics, &queue), 0, "confirmed at the first attempt");

    // The connection is there, and nothing comes through it any more.
    proxy.half_open();
    let publishing = rt.publisher.publish(messages(1..4));
    let lost = async {
        proxy.withheld().await;
        proxy.reset().await;
    };
    let (published, ()) = tokio::join!(publishing, lost);
    published.unwrap();
    assert_eq!(republished(&metrics, &queue), 3);
    bench.until_depth(&queue, 4).await;
}
