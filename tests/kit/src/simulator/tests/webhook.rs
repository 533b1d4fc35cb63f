//! The webhook: its calls need their scope, and what it sends is what it was told to send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use super::Bench;
use crate::simulator::*;
use crate::wait::{eventually, expect};

type Pushes = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A callback that answers as the vendor wants.
async fn callback() -> (String, Pushes) {
    let pushes = Pushes::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let into = pushes.clone();
    let take = move |headers: HeaderMap, Json(body): Json<Value>| {
        let id = body["message_id"].clone();
        into.lock().unwrap().push((headers, body));
        async move { Json(json!({"data": {"message_id": id}})) }
    };
    let router = Router::new().route("/", routing::post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, pushes)
}

async fn answered(bench: &Bench, status: u16, count: u64) {
    eventually(
        Duration::from_secs(20),
        &format!("{count} answers {status}"),
        async || {
            let report = bench.simulator.webhook();
            expect(report.answers.get(&status) == Some(&count), || {
                format!("{report:?}")
            })
        },
    )
    .await;
}

#[tokio::test]
async fn events_are_sent_lost_doubled_and_forged() {
    let bench = Bench::with(20).await;
    let (url, pushes) = callback().await;
    let secret = bench.simulator.subscribe(&url);
    assert_eq!(bench.simulator.subscribe(&url), secret);
    let id = bench.simulator.company_ids()[3];
    bench.simulator.change_one(id, None).unwrap();
    answered(&bench, 200, 1).await;
    let (headers, body) = pushes.lock().unwrap().pop().unwrap();
    assert!(headers.contains_key("x-signature") && headers.contains_key("x-timestamp"));
    assert!(
        body["data"].is_string() && !body.to_string().contains(&id.to_string()),
        "{body}"
    );
    bench.simulator.set(|settings| {
        settings.okki.webhooks = WebhookSettings {
            doubled: 100,
            forged: 100,
            form: PushForm::Bare,
            ..WebhookSettings::default()
        };
    });
    bench.simulator.remove_one(id).unwrap();
    answered(&bench, 200, 3).await;
    assert_eq!(bench.simulator.webhook().forged.values().sum::<u64>(), 1);
    let last = pushes.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.0["x-event"], "xiaoman.crm.company.delete");
    assert_eq!(last.1["company_id"], id);
    bench.simulator.set(|settings| settings.okki.webhooks.lost = 100);
    bench.simulator.add(2);
    eventually(Duration::from_secs(20), "two are lost", async || {
        let report = bench.simulator.webhook();
        expect(report.lost == 2 && report.events == 4, || format!("{report:?}"))
    })
    .await;
}

#[tokio::test]
async fn the_calls_need_their_scope_and_the_plan() {
    let bench = Bench::with(1).await;
    let refused: Value = bench.okki("/v1/webhook").await.unwrap().json().await.unwrap();
    assert!(
        refused.to_string().contains("no permission webhook scopes"),
        "{refused}"
    );
}
