//! The calls that manage OKKI's webhook: where it calls, and for which events (docs/okki-api.md §10).

use super::{Client, exchange::Raw};
use crate::okki::{
    envelope,
    error::{Error, Outage},
};
use pipeline::quota::Lane;
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;

impl Client {
    /// One such call; its `data`, null when there is none. Not repeated, because not all of them only read.
    pub(crate) async fn manage(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let token = self.tokens.current(self).await?;
        let request = self.http.request(method, self.url(path)?);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", token.secret.expose()));
        let (request, content) = match body {
            Some(body) => (
                request.header(CONTENT_TYPE, "application/json"),
                body.to_string().into(),
            ),
            None => (request, bytes::Bytes::new()),
        };
        let Raw {
            status,
            retry_after,
            body,
            ..
        } = self.exchange(Lane::Live, "webhook", request, content).await?;
        let data = envelope::accepted(status, retry_after, &body)?.raw("data");
        let data = data.map(|data| serde_json::from_str(data.get())).transpose();
        Ok(data
            .map_err(|error| Error::Shape(error.to_string()))?
            .unwrap_or_default())
    }

    /// The same where an account that has none may say so in several ways.
    pub(crate) async fn manage_if_there(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>, Error> {
        match self.manage(method, path, body).await {
            Ok(Value::Null) => Ok(None),
            Ok(data) => Ok(Some(data)),
            Err(Error::NotFound { message } | Error::Outage(Outage::Unknown { message, .. }))
                if says_none(&message) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Says whether a refusal means that there is none, and not that OKKI does not tell (`No Privilege`).
fn says_none(message: &str) -> bool {
    let message = message.to_lowercase();
    let words = ["不存在", "未配置", "not found", "not exist", "没有找到"];
    message.is_empty() || words.iter().any(|word| message.contains(word))
}
