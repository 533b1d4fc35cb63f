//! Stands where a robot of 钉钉, 企业微信 or 飞书 would listen: checks signatures as the vendors do, and keeps what it got.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::HeaderMap,
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::{Value, json};

/// Secret that all robots share.
pub(super) const SECRET: &str = "SEC-of-the-robot";

/// A listening robot.
#[derive(Clone)]
pub(super) struct Receiver {
    got: Arc<Mutex<Vec<Value>>>,
    /// Answers left that refuse.
    refusals: Arc<Mutex<u32>>,
    addr: SocketAddr,
}

impl Receiver {
    /// Listens.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            got: Arc::default(),
            refusals: Arc::default(),
            addr: listener.local_addr().unwrap(),
        };
        let router = Router::new()
            .route("/dingtalk", post(dingtalk))
            .route("/wecom", post(wecom))
            .route("/feishu", post(feishu))
            .route("/generic", post(generic))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Its webhook.
    pub(super) fn url(&self, kind: &str) -> String {
        format!("http://{}/{kind}?access_token=t", self.addr)
    }

    /// Refuses the next notices.
    pub(super) fn refuse(&self, count: u32) {
        *self.refusals.lock().unwrap() = count;
    }

    /// What was accepted so far.
    pub(super) fn got(&self) -> Vec<Value> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until this many were accepted.
    pub(super) async fn count(&self, count: usize) -> Vec<Value> {
        let start = Instant::now();
        while self.got().len() < count {
            assert!(start.elapsed() < Duration::from_secs(30), "only {:?}", self.got());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.got()
    }

    fn keep(&self, body: Value, ok: Value, refused: Value) -> Json<Value> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Json(refused);
        }
        self.got.lock().unwrap().push(body);
        Json(ok)
    }
}

fn sign(key: &str, message: &str) -> Vec<u8> {
    hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()),
        message.as_bytes(),
    )
    .as_ref()
    .to_vec()
}

type Words = Query<BTreeMap<String, String>>;

async fn dingtalk(State(receiver): State<Receiver>, query: Words, Json(body): Json<Value>) -> Json<Value> {
    let expected = STANDARD.encode(sign(SECRET, &format!("{}\n{SECRET}", query["timestamp"])));
    let age = jiff::Timestamp::now().as_millisecond() - query["timestamp"].parse::<i64>().unwrap();
    if query["sign"] != expected || age > 3_600_000 || body["msgtype"] != "markdown" {
        return Json(json!({"errcode": 310000, "errmsg": "sign not match"}));
    }
    assert!(body["markdown"]["title"].is_string() && body["markdown"]["text"].is_string());
    receiver.keep(
        body,
        json!({"errcode": 0, "errmsg": "ok"}),
        json!({"errcode": 130101, "errmsg": "send too fast"}),
    )
}

async fn wecom(State(receiver): State<Receiver>, Json(body): Json<Value>) -> Json<Value> {
    assert!(body["msgtype"] == "markdown" && body["markdown"]["content"].is_string());
    receiver.keep(
        body,
        json!({"errcode": 0, "errmsg": "ok"}),
        json!({"errcode": 45009, "errmsg": "api freq out of limit"}),
    )
}

async fn feishu(State(receiver): State<Receiver>, Json(body): Json<Value>) -> Json<Value> {
    let expected = STANDARD.encode(sign(
        &format!("{}\n{SECRET}", body["timestamp"].as_str().unwrap()),
        "",
    ));
    if body["sign"] != expected.as_str() {
        return Json(json!({"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}));
    }
    assert!(body["msg_type"] == "text" && body["content"]["text"].is_string());
    receiver.keep(
        body,
        json!({"code": 0, "msg": "success"}),
        json!({"code": 11232, "msg": "frequency limited"}),
    )
}

async fn generic(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Json<Value> {
    let hex: String = sign(SECRET, std::str::from_utf8(&body).unwrap())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(headers["x-okki-signature"], format!("sha256={hex}"));
    receiver.keep(serde_json::from_slice(&body).unwrap(), json!({}), json!({}))
}
