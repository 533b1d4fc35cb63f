//! Pushes: what people do to rows is told to an address, signed, again and again until it is answered 2xx in time
//! (docs/jiandaoyun-api.md §7). Nothing that the API does is pushed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::simulator::settings::PushSettings;
use crate::simulator::state::{State, lock};

/// What became of the pushes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushReport {
    /// Deeds of people that were to be told.
    pub pushes: u64,
    /// Calls that were answered 2xx in time.
    pub accepted: u64,
    /// Calls that were not.
    pub failed: u64,
    /// Pushes that were given up.
    pub given_up: u64,
    /// Failed calls in a row.
    pub in_a_row: u32,
    /// So many had failed that the vendor has switched pushes off.
    pub off: bool,
}

/// The way from a deed to its push.
pub(in crate::simulator) struct Pushes {
    told: UnboundedSender<String>,
    waiting: Mutex<Option<UnboundedReceiver<String>>>,
    report: Mutex<PushReport>,
}

impl Default for Pushes {
    fn default() -> Self {
        let (told, waiting) = unbounded_channel();
        Self {
            told,
            waiting: Mutex::new(Some(waiting)),
            report: Mutex::default(),
        }
    }
}

impl Pushes {
    /// A person did this to a row, which looks so now.
    pub(in crate::simulator) fn tell(&self, op: &str, row: &Value) {
        // Nobody may listen any more when the simulator stops.
        drop(self.told.send(json!({"op": op, "data": row}).to_string()));
    }

    pub(in crate::simulator) fn report(&self) -> PushReport {
        lock(&self.report).clone()
    }
}

/// Signature of a push.
#[must_use]
pub fn sign_push(nonce: &str, body: &str, secret: &str, timestamp: &str) -> String {
    let text = [nonce, body, secret, timestamp].join(":");
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends what is told, each push by itself.
pub(in crate::simulator) async fn deliver(state: Arc<State>) {
    let Some(mut waiting) = lock(&state.pushes.waiting).take() else {
        return;
    };
    let http = crate::http::client();
    loop {
        let body = tokio::select! {
            () = state.stop.cancelled() => return,
            body = waiting.recv() => body,
        };
        let Some(body) = body else { return };
        let (state, http) = (state.clone(), http.clone());
        tokio::spawn(async move { push(&state, &http, &body).await });
    }
}

async fn push(state: &State, http: &reqwest::Client, body: &str) {
    let first = state.settings().jdy.pushes.clone();
    lock(&state.pushes.report).pushes += 1;
    if first.lost {
        return;
    }
    tokio::time::sleep(Duration::from_millis(first.late_ms)).await;
    let event = uuid::Uuid::new_v4().to_string();
    let mut copies = 1 + u32::from(first.doubled);
    for left in (0..=first.retries).rev() {
        // The address may have been changed meanwhile.
        let settings = state.settings().jdy.pushes.clone();
        let Some(url) = &settings.url else { return };
        if lock(&state.pushes.report).off {
            return;
        }
        let accepted = call(state, http, url, &settings, &event, body).await;
        note(state, &settings, accepted, left == 0);
        copies = copies.saturating_sub(u32::from(accepted));
        if copies == 0 || state.stop.is_cancelled() {
            return;
        }
        if !accepted {
            tokio::time::sleep(Duration::from_millis(settings.retry_ms)).await;
        }
    }
}

fn note(state: &State, settings: &PushSettings, accepted: bool, last: bool) {
    let mut report = lock(&state.pushes.report);
    if accepted {
        report.accepted += 1;
        report.in_a_row = 0;
        return;
    }
    report.failed += 1;
    report.in_a_row += 1;
    report.given_up += u64::from(last);
    report.off = report.in_a_row >= settings.off_after;
}

/// Whether it was answered 2xx in time.
async fn call(
    state: &State,
    http: &reqwest::Client,
    url: &str,
    settings: &PushSettings,
    event: &str,
    body: &str,
) -> bool {
    let nonce = &uuid::Uuid::new_v4().simple().to_string()[..6];
    let timestamp = (state.clock.now() - settings.old_s).to_string();
    let secret = if settings.forged {
        "somebody else's"
    } else {
        &settings.secret
    };
    let signature = sign_push(nonce, body, secret, &timestamp);
    let (signature, event) = match settings.exchanged {
        true => (event.to_owned(), format!("sha1={signature}")),
        false => (signature, event.to_owned()),
    };
    let call = http
        .post(url)
        .query(&[("timestamp", timestamp.as_str()), ("nonce", nonce)])
        .header("content-type", "application/json")
        .header("X-JDY-Signature", signature)
        .header("X-JDY-DeliverId", event)
        .timeout(Duration::from_millis(settings.answer_ms))
        .body(body.to_owned());
    match call.send().await {
        Ok(answer) => answer.status().is_success(),
        Err(error) => {
            tracing::debug!(%error, "push is not answered");
            false
        }
    }
}
