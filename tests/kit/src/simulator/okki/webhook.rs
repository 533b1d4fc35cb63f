//! The webhook: its callback and subscriptions, and what is pushed there (docs/okki-api.md §10).

mod dress;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{refuse, success};
use crate::simulator::call::Call;
use crate::simulator::dice::Dice;
use crate::simulator::reply::Reply;
use crate::simulator::settings::OkkiSettings;
use crate::simulator::state::{State, lock};
use crate::simulator::world::company_id;

/// How often changes are looked for.
const PUMP: Duration = Duration::from_millis(5);
/// What a callback may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is registered, and what was sent.
#[derive(Debug, Default)]
pub(crate) struct Webhook {
    url: Option<String>,
    secret: String,
    subscriptions: BTreeMap<String, BTreeSet<String>>,
    made: u64,
    report: WebhookReport,
}

/// What was sent, and how it was answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WebhookReport {
    /// Events of customers that were subscribed to.
    pub events: u64,
    /// Of these, never sent.
    pub lost: u64,
    /// Genuine pushes by status; 0: no answer, 1: an answer without the message's id.
    pub answers: BTreeMap<u16, u64>,
    /// Forged pushes by status.
    pub forged: BTreeMap<u16, u64>,
}

/// One push.
struct Shipment {
    /// The callback; of several, as behind an ingress, each attempt takes the next one.
    urls: Vec<String>,
    attempts: AtomicUsize,
    secret: String,
    event: String,
    data: Value,
    number: u64,
}

impl Webhook {
    /// Registers as the calls would; the secret.
    pub(crate) fn subscribe(&mut self, url: &str) -> String {
        let events = ["create", "update", "delete"].map(|action| format!("xiaoman.crm.company.{action}"));
        self.url = Some(url.to_owned());
        self.subscriptions.insert("crm.company".into(), events.into());
        if self.secret.is_empty() {
            self.renew();
        }
        self.secret.clone()
    }

    pub(crate) fn report(&self) -> WebhookReport {
        self.report.clone()
    }

    fn renew(&mut self) -> String {
        self.made += 1;
        self.secret = dress::secret(self.made);
        self.secret.clone()
    }

    fn wants(&self, event: &str) -> bool {
        self.url.is_some() && self.subscriptions.values().any(|events| events.contains(event))
    }

    fn ship(&mut self, event: &str, data: Value) -> Option<Shipment> {
        self.made += 1;
        Some(Shipment {
            urls: self.url.as_ref()?.split(' ').map(str::to_owned).collect(),
            attempts: AtomicUsize::new(usize::try_from(self.made).unwrap_or_default()),
            secret: self.secret.clone(),
            event: event.to_owned(),
            data,
            number: self.made,
        })
    }
}

/// Answers the calls that manage it.
pub(super) async fn answer(state: &Arc<State>, settings: &OkkiSettings, call: &Call) -> Reply {
    if !settings.webhooks.available {
        return refuse(settings, 403, "消息推送 is not available in this edition");
    }
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let path = call.path().trim_end_matches('/');
    if path == "/v1/webhook/test" {
        return test(state, settings).await;
    }
    let mut webhook = lock(&state.webhook);
    match (&call.method, path) {
        (&Method::GET, "/v1/webhook") => match &webhook.url {
            Some(url) => {
                let data =
                    json!({"callback_url": url, "callback_verify": "1", "security_method": "AES-256-GCM"});
                success(state, settings, &data.to_string())
            }
            None => refuse(settings, 404, "回调配置不存在"),
        },
        (&Method::POST, "/v1/webhook") => match body["callback_url"].as_str() {
            Some(_) if webhook.url.is_some() => refuse(settings, -1, "回调配置已存在"),
            Some(url) => {
                webhook.url = Some(url.to_owned());
                let secret = webhook.renew();
                let data = json!({"security_method": "AES-256-GCM", "security_config": secret});
                success(state, settings, &data.to_string())
            }
            None => refuse(settings, 400, "Invalid query"),
        },
        (&Method::PUT, "/v1/webhook") if webhook.url.is_some() => {
            webhook.url = body["callback_url"].as_str().map(str::to_owned);
            success(state, settings, r#"{"security_method":"AES-256-GCM"}"#)
        }
        (&Method::DELETE, "/v1/webhook") if webhook.url.is_some() => {
            *webhook = Webhook {
                made: webhook.made,
                report: webhook.report(),
                ..Webhook::default()
            };
            Reply::json(200, &json!({"code": 200, "message": "success"}))
        }
        (&Method::POST, "/v1/webhook/regenerate-secret") if webhook.url.is_some() => {
            let secret = webhook.renew();
            success(state, settings, &json!({"webhook_secret": secret}).to_string())
        }
        (method, path) => subscriptions(&mut webhook, state, settings, (method, path, &body)),
    }
}

fn subscriptions(
    webhook: &mut Webhook,
    state: &State,
    settings: &OkkiSettings,
    (method, path, body): (&Method, &str, &Value),
) -> Reply {
    let show = |(module, events): (&String, &BTreeSet<String>)| json!({"subscribe_type": module, "subscribe_config": events});
    let module = path.strip_prefix("/v1/subscribe/");
    let named = body["subscribe_type"].as_str();
    let configs = body["subscribe_configs"].as_array().into_iter().flatten();
    let events: BTreeSet<String> = configs
        .filter_map(|one| one["biz_type"].as_str().map(str::to_owned))
        .collect();
    match (method, module) {
        (&Method::GET, None) if path == "/v1/subscribe" => {
            let all: Vec<Value> = webhook.subscriptions.iter().map(show).collect();
            success(state, settings, &json!(all).to_string())
        }
        (&Method::POST, None) if path == "/v1/subscribe" => match named {
            Some(module) if !events.is_empty() && !webhook.subscriptions.contains_key(module) => {
                webhook.subscriptions.insert(module.to_owned(), events);
                success(state, settings, "[]")
            }
            _ => refuse(settings, -1, "订阅配置已存在"),
        },
        (&Method::PUT, Some(module)) if webhook.subscriptions.contains_key(module) => {
            webhook.subscriptions.insert(module.to_owned(), events);
            success(state, settings, "[]")
        }
        (&Method::DELETE, Some(module)) if webhook.subscriptions.remove(module).is_some() => {
            success(state, settings, "[]")
        }
        _ => refuse(settings, 404, "Not Found Resource"),
    }
}

/// Calls the callback, and wants to see what only the secret opens.
async fn test(state: &Arc<State>, settings: &OkkiSettings) -> Reply {
    let data = json!(format!("seen-{}", state.clock.now_ms()));
    let shipment = lock(&state.webhook).ship("xiaoman.open.callback.test", data.clone());
    let Some(shipment) = shipment else {
        return refuse(settings, 404, "回调配置不存在");
    };
    let sent = send(&crate::http::client(), settings, &shipment, false).await;
    match sent {
        Some((200, answer)) if answer["data"]["data"] == data && answer["data"]["message_id"].is_string() => {
            Reply::json(200, &json!({"code": 200, "message": "success"}))
        }
        sent => refuse(
            settings,
            -1,
            &format!("回调测试失败: {:?}", sent.map(|(status, _)| status)),
        ),
    }
}

/// Pushes what changes until the simulator stops.
pub(in crate::simulator) async fn pump(state: Arc<State>) {
    let http = crate::http::client();
    let mut dice = Dice::new(&[0x770B]);
    loop {
        tokio::select! {
            () = state.stop.cancelled() => return,
            () = tokio::time::sleep(PUMP) => {}
        }
        let changes = lock(&state.world).take_changes();
        let settings = state.settings();
        for (action, index) in changes {
            let event = format!("xiaoman.crm.company.{action}");
            let data = json!({"company_id": company_id(index), "serial_id": format!("C{index:05}")});
            let (shipment, copies) = {
                let mut webhook = lock(&state.webhook);
                if !webhook.wants(&event) {
                    continue;
                }
                webhook.report.events += 1;
                let of = &settings.okki.webhooks;
                if dice.below(100) < of.lost {
                    webhook.report.lost += 1;
                    continue;
                }
                (
                    webhook.ship(&event, data),
                    1 + u64::from(dice.below(100) < of.doubled),
                )
            };
            let Some(shipment) = shipment else { continue };
            let (state, http) = (state.clone(), http.clone());
            let forged = dice.below(100) < settings.okki.webhooks.forged;
            tokio::spawn(async move { deliver(&state, &http, &shipment, copies, forged).await });
        }
    }
}

async fn deliver(state: &State, http: &reqwest::Client, shipment: &Shipment, copies: u64, forged: bool) {
    let settings = state.settings();
    tokio::time::sleep(Duration::from_millis(settings.okki.webhooks.late_ms)).await;
    if forged {
        let status = send(http, &settings.okki, shipment, true)
            .await
            .map_or(0, |(status, _)| status);
        *lock(&state.webhook).report.forged.entry(status).or_default() += 1;
    }
    for _ in 0..copies {
        let mut waits = settings.okki.webhooks.retries_ms.iter();
        loop {
            let sent = send(http, &settings.okki, shipment, false).await;
            let status = match sent {
                Some((200, answer))
                    if settings.okki.webhooks.form == super::super::settings::PushForm::Sealed
                        && answer["data"]["message_id"].is_null() =>
                {
                    1
                }
                Some((status, _)) => status,
                None => 0,
            };
            *lock(&state.webhook).report.answers.entry(status).or_default() += 1;
            match waits.next() {
                Some(wait) if status != 200 => tokio::time::sleep(Duration::from_millis(*wait)).await,
                _ => break,
            }
        }
    }
}

async fn send(
    http: &reqwest::Client,
    settings: &OkkiSettings,
    shipment: &Shipment,
    forged: bool,
) -> Option<(u16, Value)> {
    let attempt = shipment.attempts.fetch_add(1, Ordering::Relaxed);
    let url = &shipment.urls[attempt % shipment.urls.len()];
    let mut request = http.post(url).timeout(PATIENCE);
    let dressed = dress::dress(settings, shipment, forged);
    for (name, value) in dressed.headers {
        request = request.header(name, value);
    }
    let answer = request.body(dressed.body).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.unwrap_or_default()))
}
