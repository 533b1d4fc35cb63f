//! A service that cannot work tells people, once, and tells them when it is over.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::Value;
use tests::harness::{Pipeline, Service, eventually, expect};

type Notices = Arc<Mutex<Vec<Value>>>;

#[tokio::test]
async fn refused_credentials_are_told_once_by_two_loaders_and_once_more_when_they_are_over() {
    let notices = Notices::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let take =
        async |State(notices): State<Notices>, Json(body): Json<Value>| notices.lock().unwrap().push(body);
    let router = Router::new()
        .route("/hook", post(take))
        .with_state(Arc::clone(&notices));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut pipeline = Pipeline::builder()
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
    eventually(Duration::from_secs(30), "the pause is told", async || {
        expect(about("firing") == 1, || format!("{:?}", notices.lock().unwrap()))
    })
    .await;
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(tests::simulator::KeyRule::default()));
    });
    pipeline.settled(Duration::from_secs(90)).await;
    eventually(Duration::from_secs(30), "the end is told", async || {
        expect(about("resolved") == 1, || {
            format!("{:?}", notices.lock().unwrap())
        })
    })
    .await;
    assert_eq!((about("firing"), about("resolved")), (1, 1));
    pipeline.drain().await;
}
