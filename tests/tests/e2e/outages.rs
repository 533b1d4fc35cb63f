//! I6: a broker or a Redis that is absent is waited for, said once, reported as not ready and never as dead.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::Services;
use kit::wait::{eventually, expect};

#[tokio::test]
async fn services_started_before_the_broker_and_redis_wait_and_then_work() {
    let mut services = Services::private().await.unwrap();
    let builder = PipelineUnderTest::for_test().customers(50).seed(31);
    let builder = builder.services(services.amqp_url(), services.redis_url());
    services.broker().unwrap().kill().unwrap();
    services.redis().unwrap().kill().unwrap();
    let mut pipeline = builder.start().await;

    let replicas = pipeline.run_all();
    for id in replicas {
        pipeline[id].pauses_for("broker").await;
    }
    services.redis().unwrap().restart().await.unwrap();
    services.broker().unwrap().restart().await.unwrap();

    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 50);
    for id in replicas {
        pipeline[id].ready().await;
        for reason in ["broker", "redis"] {
            let said = format!(r#""message":"paused","reason":"{reason}""#);
            let times = pipeline[id].log().matches(&said).count();
            let name = pipeline[id].name();
            assert_eq!(
                times,
                1,
                "{name} said {times} times that it pauses for {reason}:\n{}",
                pipeline[id].log()
            );
        }
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn services_survive_the_loss_of_the_broker_and_of_redis() {
    let mut services = Services::private().await.unwrap();
    let builder = PipelineUnderTest::for_test().customers(300).seed(32);
    let builder = builder.services(services.amqp_url(), services.redis_url());
    let mut pipeline = builder
        .simulator(|options| options.settings.jdy.latency_ms = 100)
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 50).await;
    let queues = Service::ALL.map(|service| pipeline.namespace.queue(service.stage()));
    let broker = services.broker().unwrap();
    eventually(Duration::from_secs(60), "the queues would survive", async || {
        expect(queues.iter().all(|queue| broker.has_on_disk(queue)), || {
            "only in the broker's memory".into()
        })
    })
    .await;

    broker.kill().unwrap();
    broker.restart().await.unwrap();
    services.redis().unwrap().restart_empty().await.unwrap();
    pipeline.simulator.change(10);

    let report = pipeline.until_equal(Duration::from_secs(120)).await;
    assert_eq!(report.form_rows, 300);
    pipeline.assert_within_quota();
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}
