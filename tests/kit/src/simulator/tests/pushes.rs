//! Pushes of what people do: signed, repeated until they are answered, given up, switched off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::simulator::{KEY_WIDGET, Options, PushReport, Simulator, sign_push};
use crate::wait::{eventually, expect};

#[derive(Clone)]
struct Ear {
    heard: UnboundedSender<(bool, Value)>,
    /// Calls that are refused before the first one is accepted.
    refuses: Arc<AtomicUsize>,
}

#[derive(serde::Deserialize)]
struct Signed {
    nonce: String,
    timestamp: String,
}

async fn hear(State(ear): State<Ear>, Query(by): Query<Signed>, head: HeaderMap, body: Bytes) -> StatusCode {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let right = sign_push(&by.nonce, &text, "sim-hook-secret", &by.timestamp);
    let is_signed = head["x-jdy-signature"].to_str().unwrap() == right;
    ear.heard
        .send((is_signed, serde_json::from_str(&text).unwrap()))
        .unwrap();
    let left = ear
        .refuses
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    match left {
        Ok(_) => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) => StatusCode::OK,
    }
}

/// A simulator whose pushes arrive here.
async fn heard_by(refuses: usize) -> (Simulator, UnboundedReceiver<(bool, Value)>) {
    let (heard, arrives) = unbounded_channel();
    let ear = Ear {
        heard,
        refuses: Arc::new(AtomicUsize::new(refuses)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(hear).with_state(ear);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let simulator = Simulator::start(Options::default()).await.unwrap();
    simulator.set(|settings| {
        settings.jdy.pushes.url = Some(format!("http://{address}/hook"));
        settings.jdy.pushes.retry_ms = 1;
    });
    (simulator, arrives)
}

#[tokio::test]
async fn what_people_do_is_pushed_and_what_the_api_does_is_not() {
    let (simulator, mut arrives) = heard_by(0).await;
    let key = |text: &str| json!({ KEY_WIDGET: {"value": text} });
    let row = simulator.insert_row(&key("7")).unwrap();
    let mut next = async || arrives.recv().await.unwrap();
    let (signed, push) = next().await;
    assert!(signed);
    assert_eq!(
        (&push["op"], &push["data"]["_id"], &push["data"][KEY_WIDGET]),
        (&json!("data_create"), &json!(row), &json!("7"))
    );
    simulator.edit_row(&row, &key("8")).unwrap();
    let (_, push) = next().await;
    assert_eq!(
        (&push["op"], &push["data"][KEY_WIDGET]),
        (&json!("data_update"), &json!("8"))
    );
    assert_eq!(simulator.delete_rows(Some(&row)), 1);
    assert_eq!(next().await.1["op"], "data_remove");
    simulator.recover_row(&row).unwrap();
    let (_, push) = next().await;
    assert_eq!(
        (&push["op"], &push["data"]["_id"]),
        (&json!("data_recover"), &json!(row))
    );
    assert_eq!(simulator.form_rows(), 1);
    // All at once is nobody's deed.
    simulator.delete_rows(None);
    simulator.set(|settings| settings.jdy.pushes.forged = true);
    simulator.insert_row(&key("9")).unwrap();
    let (signed, push) = next().await;
    assert!(!signed && push["op"] == "data_create", "{push}");
}

#[tokio::test]
async fn a_push_is_repeated_given_up_and_in_the_end_switched_off() {
    let (simulator, mut arrives) = heard_by(2).await;
    simulator.insert_row(&json!({})).unwrap();
    for _ in 0..3 {
        arrives.recv().await.unwrap();
    }
    let until = async |wanted: fn(&PushReport) -> bool| {
        eventually(Duration::from_secs(30), "the pushes have ended so", async || {
            let report = simulator.pushes();
            expect(wanted(&report), || format!("{report:?}"))
        })
        .await;
    };
    until(|report| report.accepted == 1 && report.failed == 2).await;
    simulator.set(|settings| {
        settings.jdy.pushes.url = Some("http://127.0.0.1:1/nobody".to_owned());
        settings.jdy.pushes.off_after = 8;
    });
    simulator.insert_row(&json!({})).unwrap();
    until(|report| report.given_up == 1 && report.failed == 8).await;
    simulator.insert_row(&json!({})).unwrap();
    until(|report| report.off && report.failed == 10).await;
}
