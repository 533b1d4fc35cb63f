//! The broker's users of the production overlay may do what is needed, no more, and what they may not is named.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::repository;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::Services;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);
const SERVICES: [Service; 3] = [Service::Extractor, Service::Transformer, Service::Loader];

/// What each user may configure, write and read, by the manifest, in this namespace.
fn permissions(namespace: &str) -> BTreeMap<String, [String; 3]> {
    let file = "deploy/k8s/components/rabbitmq-operator/users.yaml";
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let permission = |one: &Value| {
        let of = |kind: &str| {
            let pattern = one["spec"]["permissions"][kind].as_str()?;
            Some(pattern.replace("^okki\\.", &format!("^{namespace}\\.")))
        };
        let name = one["metadata"]["name"].as_str()?.to_owned();
        Some((name, [of("configure")?, of("write")?, of("read")?]))
    };
    documents.iter().filter_map(permission).collect()
}

async fn pipeline(services: &Services, seed: u64) -> PipelineUnderTest {
    PipelineUnderTest::for_test()
        .customers(20)
        .seed(seed)
        .services(services.amqp_url(), services.redis_url())
        .start()
        .await
}

/// Doctor finds nothing that the broker's user may not do.
async fn may_do_its_work(pipeline: &PipelineUnderTest, service: Service) {
    let output = pipeline
        .tool_output(service, &["doctor", "--json"])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("refused"), "{service:?}: {said}");
}

#[tokio::test]
async fn what_the_manifest_permits_is_enough() {
    let mut services = Services::private().await.unwrap();
    let mut pipeline = pipeline(&services, 301).await;
    let broker = services.broker().unwrap();
    let permissions = permissions(&pipeline.namespace.to_string());
    for service in SERVICES {
        let user = format!("okki-{}", service.name());
        let permitted = permissions[&user].each_ref().map(String::as_str);
        broker.add_user(&user, permitted).await.unwrap();
        pipeline.set_for(service, "AMQP_URL", broker.url_of(&user));
    }
    let replicas = SERVICES.map(|service| pipeline.run(service));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    for replica in replicas {
        let (_, status) = pipeline[replica].get("/status").await.unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["events_refused"], Value::Null, "{status}");
        let log = pipeline[replica].log();
        assert!(!log.contains("ACCESS_REFUSED"), "{log}");
    }
    for service in SERVICES {
        may_do_its_work(&pipeline, service).await;
    }
    // The desk works on the dead letters of every stage.
    let desk = permissions["okki-desk"].each_ref().map(String::as_str);
    broker.add_user("okki-desk", desk).await.unwrap();
    for service in SERVICES {
        pipeline.set_for(service, "AMQP_URL", broker.url_of("okki-desk"));
        pipeline.tool(service, &["dead", "groups"]).await.unwrap();
        may_do_its_work(&pipeline, service).await;
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn a_user_who_may_not_keep_events_is_named_by_doctor() {
    let mut services = Services::private().await.unwrap();
    let mut pipeline = pipeline(&services, 302).await;
    let namespace = pipeline.namespace.to_string();
    let broker = services.broker().unwrap();
    let but_events = permissions(&namespace)["okki-loader"]
        .each_ref()
        .map(|pattern| pattern.replace("events|", ""));
    let but_events = but_events.each_ref().map(String::as_str);
    broker.add_user("poor", but_events).await.unwrap();
    pipeline.set_for(Service::Loader, "AMQP_URL", broker.url_of("poor"));
    let output = pipeline.tool_output(Service::Loader, &["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("{namespace}.events")) && said.contains("grant"),
        "{said}"
    );
}
