//! A service that cannot work notifies people, once, and notifies them when it is over.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::Value;

pub(crate) type Notices = Arc<Mutex<Vec<Value>>>;

/// A receiver of notices: its address, and what it got.
pub(crate) async fn hook() -> (String, Notices) {
    let notices = Notices::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let take =
        async |State(notices): State<Notices>, Json(body): Json<Value>| notices.lock().unwrap().push(body);
    let router = Router::new()
        .route("/hook", post(take))
        .with_state(Arc::clone(&notices));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, notices)
}

#[tokio::test]
async fn a_failed_command_notifies_and_a_later_one_notifies_that_it_is_over() {
    let (url, notices) = hook().await;
    let pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(78)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let usual = pipeline.simulator.settings().okki.scopes.clone();
    pipeline
        .simulator
        .set(|settings| settings.okki.scopes = vec!["product".into()]);
    for _ in 0..2 {
        pipeline.tool(Service::Extractor, &["sync"]).await.unwrap_err();
    }
    let sent = |status: &str| {
        let about = |notice: &&Value| notice["problem"] == "run-failed:live" && notice["status"] == status;
        notices.lock().unwrap().iter().filter(about).count()
    };
    assert_eq!(
        (sent("firing"), sent("resolved")),
        (1, 0),
        "two failures are notified once"
    );
    pipeline.simulator.set(|settings| settings.okki.scopes = usual);
    pipeline.tool(Service::Extractor, &["sync"]).await.unwrap();
    assert_eq!((sent("firing"), sent("resolved")), (1, 1));
}

#[tokio::test]
async fn refused_credentials_are_notified_once_by_two_loaders_and_once_more_when_they_are_over() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(77)
        .set_for(Service::Loader, "ALERT_URL", url)
        .simulator(|options| options.settings.jdy.keys.clear())
        .start()
        .await;
    let [_, _, loader] = pipeline.run_all();
    let second = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for("credentials").await;
    pipeline[second].pauses_for("credentials").await;
    let about = |status: &str| {
        let notices = notices.lock().unwrap();
        let about = |notice: &&Value| notice["problem"] == "paused:credentials" && notice["status"] == status;
        notices.iter().filter(about).count()
    };
    eventually(Duration::from_secs(60), "the pause is notified", async || {
        expect(about("firing") == 1, || format!("{:?}", notices.lock().unwrap()))
    })
    .await;
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(kit::simulator::KeyRule::default()));
    });
    pipeline.until_equal(Duration::from_secs(90)).await;
    eventually(Duration::from_secs(60), "the end is notified", async || {
        expect(about("resolved") == 1, || {
            format!("{:?}", notices.lock().unwrap())
        })
    })
    .await;
    assert_eq!((about("firing"), about("resolved")), (1, 1));
    pipeline.drain().await;
}
