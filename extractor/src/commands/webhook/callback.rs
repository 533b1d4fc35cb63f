//! The callback of an application as OKKI has it.

use crate::okki::{Client, Error};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const CALLBACK: &str = "/v1/webhook";
const SUBSCRIPTIONS: &str = "/v1/subscribe";
/// What is subscribed to, and its events.
const MODULES: [&str; 2] = ["crm.company", "crm.customer"];
const ACTIONS: [&str; 3] = ["create", "update", "delete"];

/// Where OKKI calls, and for what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Callback {
    pub url: String,
    /// What OKKI says of its last test.
    pub verified: Option<String>,
    pub events: BTreeSet<String>,
}

impl Callback {
    /// Events that should be subscribed to and are not.
    pub(super) fn missing(&self) -> Vec<String> {
        let wanted = MODULES.iter().flat_map(|module| events_of(module));
        wanted.filter(|event| !self.events.contains(event)).collect()
    }

    /// The address without its secret.
    pub(super) fn shown(&self) -> String {
        match self.url.split_once("/hook/") {
            Some((host, _)) => format!("{host}/hook/…"),
            None => self.url.clone(),
        }
    }
}

fn events_of(module: &str) -> Vec<String> {
    ACTIONS
        .iter()
        .map(|action| format!("xiaoman.{module}.{action}"))
        .collect()
}

/// What is registered; `None` when nothing is.
pub(super) async fn read(client: &Client) -> Result<Option<Callback>, Error> {
    let Some(data) = client.manage_if_there(Method::GET, CALLBACK, None).await? else {
        return Ok(None);
    };
    let text = |name: &str| data[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let Some(url) = text("callback_url") else {
        return Ok(None);
    };
    let events = subscriptions(client).await?.into_values().flatten().collect();
    Ok(Some(Callback {
        url: url.to_owned(),
        verified: text("callback_verify").map(str::to_owned),
        events,
    }))
}

/// Events by module.
async fn subscriptions(client: &Client) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let data = client
        .manage_if_there(Method::GET, SUBSCRIPTIONS, None)
        .await?
        .unwrap_or_default();
    let mut found = BTreeMap::new();
    let list = data
        .get("list")
        .unwrap_or(&data)
        .as_array()
        .cloned()
        .unwrap_or_default();
    for one in list {
        let Some(module) = one["subscribe_type"].as_str() else {
            continue;
        };
        let configs = [&one["subscribe_config"], &one["subscribe_configs"]];
        let events = configs.into_iter().filter_map(Value::as_array).flatten();
        let named = events.filter_map(|event| event.as_str().or_else(|| event["biz_type"].as_str()));
        found.insert(module.to_owned(), named.map(str::to_owned).collect());
    }
    Ok(found)
}

/// Lets OKKI call this address; the secret when it made one.
pub(super) async fn write(
    client: &Client,
    url: &str,
    before: Option<&Callback>,
) -> Result<Option<String>, Error> {
    let body = json!({ "callback_url": url });
    let (method, known) = match before {
        Some(before) if before.url == url => return Ok(None),
        Some(_) => (Method::PUT, true),
        None => (Method::POST, false),
    };
    let data = client.manage(method, CALLBACK, Some(&body)).await?;
    let secret = data["security_config"].as_str().filter(|_| !known);
    Ok(secret.map(str::to_owned))
}

/// Subscribes to what is missing.
pub(super) async fn subscribe(client: &Client) -> Result<(), Error> {
    let before = subscriptions(client).await?;
    for module in MODULES {
        let wanted = events_of(module);
        let known = before.get(module);
        if known.is_some_and(|known| wanted.iter().all(|event| known.contains(event))) {
            continue;
        }
        // What others have subscribed to stays.
        let all: BTreeSet<&String> = wanted.iter().chain(known.into_iter().flatten()).collect();
        let configs: Vec<Value> = all
            .into_iter()
            .map(|event| json!({ "biz_type": event }))
            .collect();
        let body = json!({ "subscribe_type": module, "subscribe_configs": configs });
        let (method, path) = match known {
            Some(_) => (Method::PUT, format!("{SUBSCRIPTIONS}/{module}")),
            None => (Method::POST, SUBSCRIPTIONS.to_owned()),
        };
        client.manage(method, &path, Some(&body)).await?;
    }
    Ok(())
}

/// Another secret.
pub(super) async fn new_secret(client: &Client) -> Result<Option<String>, Error> {
    let data = client
        .manage(Method::POST, "/v1/webhook/regenerate-secret", None)
        .await?;
    let named = ["webhook_secret", "security_config"]
        .iter()
        .find_map(|name| data[*name].as_str());
    Ok(named.map(str::to_owned))
}

/// Lets OKKI call once.
pub(super) async fn test(client: &Client) -> Result<(), Error> {
    client
        .manage(Method::POST, "/v1/webhook/test", None)
        .await
        .map(drop)
}

/// Takes subscriptions and callback away; whether there was one.
pub(super) async fn remove(client: &Client) -> Result<bool, Error> {
    let there = subscriptions(client).await?;
    for module in MODULES.iter().filter(|module| there.contains_key(**module)) {
        client
            .manage(Method::DELETE, &format!("{SUBSCRIPTIONS}/{module}"), None)
            .await?;
    }
    if read(client).await?.is_none() {
        return Ok(false);
    }
    client.manage(Method::DELETE, CALLBACK, None).await?;
    Ok(true)
}
