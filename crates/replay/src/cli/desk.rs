//! Asking who keeps the read model, instead of walking over the queue: `--desk`.

use super::config::DeskArgs;
use crate::audit::anchor::Anchors;
use anyhow::Context;
use pipeline::{
    events::{AuditMark, Events},
    http::{Client, HttpConfig},
    setting::{ConfigError, Secret, SecretArg},
    stage::Stage,
    tls::TlsFiles,
};
use serde_json::Value;
use std::time::Duration;

/// A question that takes longer has no answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Letters that are asked for at a time.
const PAGE: &str = "500";

/// Who keeps the read model.
pub(super) struct Desk {
    client: Client,
    url: String,
    token: Option<Secret>,
}

impl Desk {
    /// `None`: nobody is to be asked.
    pub(super) fn of(args: &DeskArgs) -> Result<Option<Self>, ConfigError> {
        let Some(url) = args.desk.as_deref().filter(|url| !url.trim().is_empty()) else {
            return Ok(None);
        };
        let url = url.trim().trim_end_matches('/').to_owned();
        if !["http://", "https://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            let remedy = words::tr!("write it as http://127.0.0.1:9470");
            return Err(ConfigError::new("DESK_URL", words::tr!("is no address"), remedy));
        }
        let (value, file) = (args.desk_token.as_ref(), args.desk_token_file.as_deref());
        let config = HttpConfig {
            connect_timeout: Duration::from_secs(5),
            tls: TlsFiles::default(),
        };
        let client = Client::without_redirects(config)
            .map_err(|error| ConfigError::new("DESK_URL", error.to_string(), words::tr!("leave it away")))?;
        Ok(Some(Self {
            client,
            url,
            token: SecretArg::new("DESK_TOKEN", value, file).optional()?,
        }))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Letters of the stage that a query means, page after page, until `visit` has enough. `false`: the answer would not be
    /// whole, and the queue has to be asked.
    pub(super) async fn letters(
        &self,
        stage: Stage,
        query: &str,
        mut visit: impl FnMut(Value) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let mut after = "0".to_owned();
        loop {
            let asked = [
                ("stage", stage.name()),
                ("where", query),
                ("after", &after),
                ("limit", PAGE),
            ];
            let mut page = self.ask("letters", &asked).await?;
            // Once it was whole, the pages are those of one listing, as long as letters come and go.
            if after == "0" && page["complete"] != true {
                return Ok(false);
            }
            let Some(Value::Array(letters)) = page.get_mut("letters").map(Value::take) else {
                words::bail!("{} answered something else than letters", self.url);
            };
            for letter in letters {
                if !visit(letter)? {
                    return Ok(true);
                }
            }
            match page["next"].as_i64() {
                Some(next) => after = next.to_string(),
                None => return Ok(true),
            }
        }
    }

    /// `None`: the answer would not be whole.
    pub(super) async fn groups(&self, stage: Stage, query: &str) -> anyhow::Result<Option<Value>> {
        let asked = [("stage", stage.name()), ("where", query)];
        let mut answer = self.ask("groups", &asked).await?;
        Ok((answer["complete"] == true).then(|| answer["groups"].take()))
    }

    /// One letter with its body; `None`: the queue knows more.
    pub(super) async fn letter(&self, stage: Stage, id: &str) -> anyhow::Result<Option<Value>> {
        let asked = [("stage", stage.name()), ("id", id)];
        let mut answer = self.ask("letter", &asked).await?;
        Ok((answer["complete"] == true).then(|| answer["letter"].take()))
    }

    /// What happened to a customer; `None`: the stream knows more.
    pub(super) async fn events(&self, company: &str) -> anyhow::Result<Option<Vec<Events>>> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let answer = self.ask("customer", &[("id", company)]).await?;
        if answer["complete"] != true {
            return Ok(None);
        }
        let messages = answer["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        let message = |text: &Value| {
            let bytes = BASE64_STANDARD.decode(text.as_str().unwrap_or_default())?;
            Ok(<Events as prost::Message>::decode(bytes.as_slice())?)
        };
        messages
            .iter()
            .map(message)
            .collect::<anyhow::Result<_>>()
            .map(Some)
    }

    /// What the account of events knows of the audit log; `None`: the stream knows more.
    pub(super) async fn anchors(&self) -> anyhow::Result<Option<Anchors>> {
        let mut anchors = Anchors::default();
        let mut after = String::new();
        loop {
            let answer = self
                .ask("audit", &[("after", after.as_str()), ("limit", PAGE)])
                .await?;
            if answer["complete"] != true {
                return Ok(None);
            }
            anchors.since = answer["since"].as_i64();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            for mark in answer["marks"].as_array().into_iter().flatten() {
                let (id, digest) = (text(&mark["id"]), text(&mark["digest"]));
                anchors.add(AuditMark { id, digest });
            }
            match answer["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => return Ok(Some(anchors)),
            }
        }
    }

    async fn ask(&self, what: &str, asked: &[(&str, &str)]) -> anyhow::Result<Value> {
        let url = format!("{}/v1/{what}", self.url);
        let mut request = self.client.get(&url).query(asked).timeout(PATIENCE);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.current().expose());
        }
        let silent = || {
            words::tr!(
                "nobody answers at {}; start `events keep` there, or unset DESK_URL to look into the queue itself",
                self.url
            )
        };
        let answer = request
            .send()
            .await
            .map_err(|error| error.without_url())
            .with_context(silent)?;
        let status = answer.status();
        let body = answer
            .bytes()
            .await
            .map_err(|error| error.without_url())
            .with_context(silent)?;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            let why = said["error"].as_str().unwrap_or(words::text!("no reason"));
            words::bail!(
                "{} answered {}: {why}; a command with an empty DESK_URL (`DESK_URL= …`) looks into the queue itself",
                self.url,
                status.as_u16()
            );
        }
        Ok(said)
    }
}

/// Said beside an answer that the read model could not give whole.
pub(super) fn tell_fallback(desk: &Desk) {
    pipeline::remark!("{} does not know all of it yet; the queue is asked", desk.url());
}
