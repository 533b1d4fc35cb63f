//! Policies of the broker that could drop our messages or bury them too early.
//!
//! A policy changes a queue without changing its arguments, and AMQP shows nothing of it: a passive declare answers with
//! two counts, and declaring with arguments does not contradict a policy. Only the management plugin tells, where there
//! is one and an operator says how to reach it.

use super::connection::Broker;
use crate::{
    http::{self, HttpConfig},
    setting::Secret,
    stage::Stage,
    tls::TlsFiles,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(4);
const LARGEST_ANSWER: usize = 1 << 20;

/// What a policy may not set on our queues, and what it would do.
const DANGEROUS: [(&str, &str); 6] = [
    (
        "message-ttl",
        words::mark!("messages that wait too long are dropped or buried"),
    ),
    (
        "max-length",
        words::mark!("what does not fit is dropped or refused"),
    ),
    (
        "max-length-bytes",
        words::mark!("what does not fit is dropped or refused"),
    ),
    ("overflow", words::mark!("what does not fit is dropped")),
    (
        "expires",
        words::mark!("a queue that nobody uses is deleted with its messages"),
    ),
    (
        "delivery-limit",
        words::mark!("messages are buried too early, and browsing removes dead letters"),
    ),
];

/// What is known of the policies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Policies {
    /// Nobody said how to reach the management plugin.
    Unseen,
    /// One sentence for each thing that a policy does to a queue of ours and should not.
    Dangers(Vec<String>),
}

/// The management plugin has not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", words::tr!("ask the management plugin"))]
    Http(#[from] http::Error),
    #[error("{}", words::tr!("ask the management plugin"))]
    Request(#[source] reqwest::Error),
    #[error("{}", words::tr!("the management plugin answers with http status {0}"))]
    Status(u16),
    #[error("{}", words::tr!("the management plugin answers with something else than a queue"))]
    Shape(#[source] serde_json::Error),
    #[error("{}", words::tr!("AMQP_MANAGEMENT_URL: not a URL"))]
    Url,
}

/// The part of the plugin's answer about a queue that matters here.
#[derive(Debug, Default, Deserialize)]
struct Queue {
    #[serde(default)]
    policy: Option<String>,
    #[serde(default)]
    operator_policy: Option<String>,
    /// An object; of a queue without a policy it may be an empty list.
    #[serde(default)]
    effective_policy_definition: Value,
}

impl Broker {
    /// What policies do to the queues of a stage.
    pub(crate) async fn policies(&self, stage: Stage) -> Result<Policies, Error> {
        let Some(management) = self.management() else {
            return Ok(Policies::Unseen);
        };
        let client = http::Client::new(HttpConfig {
            connect_timeout: PATIENCE,
            tls: TlsFiles::default(),
        })?;
        let mut dangers = Vec::new();
        for queue in self.queues(&[stage]) {
            let Some(found) = ask(&client, &management, &self.vhost(), &queue).await? else {
                continue;
            };
            dangers.extend(found.dangers(&queue));
        }
        Ok(Policies::Dangers(dangers))
    }
}

/// `None` for a queue that is not there.
async fn ask(
    client: &http::Client,
    management: &Secret,
    vhost: &str,
    queue: &str,
) -> Result<Option<Queue>, Error> {
    let url = address(management, vhost, queue).ok_or(Error::Url)?;
    let answer = client.get(url).timeout(PATIENCE).send().await;
    let answer = answer.map_err(|error| Error::Request(error.without_url()))?;
    match answer.status().as_u16() {
        200 => {}
        404 => return Ok(None),
        status => return Err(Error::Status(status)),
    }
    let body = http::read_capped(answer, LARGEST_ANSWER).await?;
    serde_json::from_slice(&body).map(Some).map_err(Error::Shape)
}

/// A vhost is one segment of the path, also the usual `/`.
fn address(management: &Secret, vhost: &str, queue: &str) -> Option<Url> {
    let mut url = Url::parse(management.current().expose()).ok()?;
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["api", "queues", vhost, queue]);
    Some(url)
}

impl Queue {
    fn dangers(&self, queue: &str) -> Vec<String> {
        let none = Map::new();
        let set = self.effective_policy_definition.as_object().unwrap_or(&none);
        let policies = [&self.policy, &self.operator_policy].into_iter().flatten();
        let names: Vec<_> = policies
            .filter(|name| !name.is_empty())
            .map(|name| format!("`{name}`"))
            .collect();
        DANGEROUS
            .iter()
            .filter(|(key, _)| set.contains_key(*key))
            .map(|(key, effect)| words::tr!("policy {} sets {key} on {queue}: {effect}", names.join(" and ")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vhost_is_one_segment() {
        let address = |base: &str| address(&Secret::new(base), "/", "okki.load").unwrap();
        let expected = "http://u:p@h:15672/api/queues/%2F/okki.load";
        assert_eq!(address("http://u:p@h:15672").as_str(), expected);
        assert_eq!(address("http://u:p@h:15672/").as_str(), expected);
    }

    #[test]
    fn what_could_drop_messages_is_named() {
        let dangers = |json: &str| {
            serde_json::from_str::<Queue>(json)
                .unwrap()
                .dangers("okki.load.dead")
        };
        assert_eq!(
            dangers(
                r#"{"policy":"all","operator_policy":null,"effective_policy_definition":{"message-ttl":60000,"queue-leader-locator":"balanced"}}"#
            ),
            [
                "policy `all` sets message-ttl on okki.load.dead: messages that wait too long are dropped or buried"
            ]
        );
        assert_eq!(
            dangers(r#"{"policy":"a","operator_policy":"b","effective_policy_definition":{"max-length":1,"overflow":"drop-head"}}"#)
                .len(),
            2
        );
        assert!(dangers(r#"{"effective_policy_definition":[]}"#).is_empty());
        assert!(dangers("{}").is_empty());
    }
}
