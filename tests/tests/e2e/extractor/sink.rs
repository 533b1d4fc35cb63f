//! Takes the place of the transformer: remembers every snapshot, and compares them with what the vendor lists.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Order, TimeForm};
use kit::wait::{eventually, expect};
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer};
use pipeline::names::{Namespace, VendorAccount};
use pipeline::stage::Stage;
use prost::Message;
use proto::v1::CompanySnapshot;
use serde_json::Value;

/// What is known of one customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Newest update time.
    pub update_time: i64,
    /// The newest snapshot said that it was removed.
    pub removed: bool,
    /// Snapshots in all.
    pub copies: usize,
}

/// The snapshots of one pipeline so far.
pub(crate) struct Sink {
    seen: Arc<Mutex<BTreeMap<String, Seen>>>,
    _connection: Connection,
}

impl Sink {
    /// Consumes from now on; what is in the queue already counts, too.
    pub(crate) async fn open(pipeline: &PipelineUnderTest) -> Self {
        let url = pipeline.settings(Service::Extractor)["AMQP_URL"].clone();
        let queue = pipeline.namespace.queue(Stage::Transform);
        // Asked anew each time: a broker of 3.10 may close the connection of a client that consumes from a quorum queue that
        // another one is declaring this moment (541), and the programs connect again, too.
        let (connection, channel, mut deliveries) =
            eventually(Duration::from_secs(60), "the queue is declared", async || {
                let consumed = consume(&url, queue.as_str()).await;
                consumed.map_err(|error| error.to_string())
            })
            .await;
        let seen: Arc<Mutex<BTreeMap<String, Seen>>> = Arc::default();
        let into = Arc::clone(&seen);
        tokio::spawn(async move {
            let _open = channel;
            while let Some(Ok(delivery)) = deliveries.next().await {
                let kind = delivery
                    .properties
                    .kind()
                    .as_ref()
                    .map_or("", |kind| kind.as_str());
                for body in kit::bundles::bodies(kind, &delivery.data).unwrap() {
                    let snapshot = CompanySnapshot::decode(body.as_slice()).unwrap();
                    let version = snapshot.version.unwrap_or_default();
                    let mut seen = into.lock().unwrap();
                    let entry = seen.entry(snapshot.company_id).or_default();
                    entry.copies += 1;
                    if version.update_time >= entry.update_time {
                        (entry.update_time, entry.removed) = (version.update_time, snapshot.removed);
                    }
                }
            }
        });
        Self {
            seen,
            _connection: connection,
        }
    }

    /// Everything so far.
    pub(crate) fn seen(&self) -> BTreeMap<String, Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until every customer was seen in its present state, and returns how many there are.
    pub(crate) async fn complete(&self, pipeline: &PipelineUnderTest, limit: Duration) -> usize {
        let truth = truth(pipeline).await;
        eventually(limit, "every customer is seen as it is now", async || {
            let seen = self.seen();
            let missing: Vec<_> = truth
                .iter()
                .filter(|(id, time)| seen.get(*id).is_none_or(|seen| seen.update_time < **time))
                .map(|(id, time)| (id, time, seen.get(id)))
                .collect();
            expect(missing.is_empty(), || {
                format!("{} missing, {:?}", missing.len(), missing.first())
            })
        })
        .await;
        truth.len()
    }
}

/// Consumes from a queue that is there; a passive declare finds out, without the noise of a refused consumer.
async fn consume(url: &str, queue: &str) -> lapin::Result<(Connection, Channel, Consumer)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::durable()
    };
    channel
        .queue_declare(queue.into(), passive, FieldTable::default())
        .await?;
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let deliveries = channel
        .basic_consume(queue.into(), "".into(), options, FieldTable::default())
        .await?;
    Ok((connection, channel, deliveries))
}

/// Update times by id, asked from the vendor as anybody would; customers must stand still meanwhile.
pub(crate) async fn truth(pipeline: &PipelineUnderTest) -> BTreeMap<String, i64> {
    let before = pipeline.simulator.settings().okki.clone();
    pipeline.simulator.set(|settings| {
        settings.okki.order = Order::Asc;
        settings.okki.count_cap = 500;
        settings.okki.per_second = None;
        settings.okki.list_time = TimeForm::Plain;
    });
    pipeline::tls::install_crypto();
    let http = reqwest::Client::new();
    let base = pipeline.simulator.url();
    let credentials = serde_json::json!({
        "grant_type": "client_credentials", "client_id": before.client_id, "client_secret": before.client_secret,
        "scope": "company",
    });
    let answer = http
        .post(format!("{base}/v1/oauth2/access_token"))
        .json(&credentials)
        .send()
        .await
        .unwrap();
    let token: Value = answer.json().await.unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let mut truth = BTreeMap::new();
    for page in 1.. {
        let url = format!("{base}/v1/company/list?count=500&start_index={page}");
        let answer: Value = http
            .get(url)
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let rows = answer["data"]["list"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        truth.extend(rows.iter().map(|row| {
            let id = row["company_id"].to_string().trim_matches('"').to_owned();
            (id, beijing(row["update_time"].as_str().unwrap()))
        }));
    }
    pipeline.simulator.set(|settings| {
        settings.okki.order = before.order;
        settings.okki.count_cap = before.count_cap;
        settings.okki.per_second = before.per_second;
        settings.okki.list_time = before.list_time;
    });
    truth
}

fn beijing(text: &str) -> i64 {
    let at = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).unwrap();
    jiff::tz::Offset::constant(8)
        .to_timestamp(at)
        .unwrap()
        .as_second()
}

/// A Redis answer for the namespace's key.
pub(crate) async fn redis(
    pipeline: &PipelineUnderTest,
    command: &str,
    key: &str,
    more: &[&str],
) -> redis::Value {
    redis_at(
        pipeline,
        command,
        &format!("{{{}}}:{key}", pipeline.namespace),
        more,
    )
    .await
}

/// Key of the state of OKKI's quota and of the day's count.
pub(crate) fn okki_quota(pipeline: &PipelineUnderTest) -> String {
    let settings = pipeline.settings(Service::Extractor);
    let base = settings["OKKI_BASE_URL"].parse().unwrap();
    let account = VendorAccount::new("okki", &base, &settings["OKKI_CLIENT_ID"]);
    let accounts: Namespace = settings["ACCOUNT_NAMESPACE"].parse().unwrap();
    accounts.account_keys(&account).bucket("okki")
}

/// A Redis answer for any key.
pub(crate) async fn redis_at(
    pipeline: &PipelineUnderTest,
    command: &str,
    key: &str,
    more: &[&str],
) -> redis::Value {
    let url = &pipeline.settings(Service::Extractor)["REDIS_URL"];
    let mut connection = kit::redis_client::connect(url).await.unwrap();
    redis::cmd(command)
        .arg(key)
        .arg(more)
        .query_async(&mut connection)
        .await
        .unwrap()
}

/// A number of the quota's state.
pub(crate) async fn quota_number(pipeline: &PipelineUnderTest, field: &str) -> i64 {
    match redis_at(pipeline, "HGET", &okki_quota(pipeline), &[field]).await {
        redis::Value::BulkString(number) => String::from_utf8(number).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The day changes for the script when the day that it remembers is not today.
pub(crate) async fn next_day(pipeline: &PipelineUnderTest) {
    let yesterday = (quota_number(pipeline, "day").await - 1).to_string();
    redis_at(pipeline, "HSET", &okki_quota(pipeline), &["day", &yesterday]).await;
}

/// Calls of an OKKI operation so far.
pub(crate) fn calls(pipeline: &PipelineUnderTest, operation: &str) -> u64 {
    pipeline.simulator.stats().okki.calls_of(operation)
}

/// What the replicas complained of. The broker library reports as an error that a queue to be declared is not there
/// yet, as on a first start.
pub(crate) fn complaints(pipeline: &PipelineUnderTest) -> Vec<String> {
    let mut complaints = pipeline.complaints();
    complaints.retain(|line| !(line.contains(r#""target":"lapin"#) && line.contains("no queue")));
    complaints
}
