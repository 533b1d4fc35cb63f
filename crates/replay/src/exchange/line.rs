//! One dead letter as one line of JSON.

use crate::{
    letter::{
        Letter, body,
        reveal::{mask_json, masked_record},
    },
    workspace::Workspace,
};

use pipeline::{
    failure::{identity, record::FailureRecord},
    message::{Envelope, Outgoing},
    names::Namespace,
    stage::Stage,
};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// First field of every line.
const FORMAT: &str = "okki-dead-letter/1";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    format: String,
    namespace: String,
    stage: String,
    masked: bool,
    pub(super) record: FailureRecord,
    headers: Envelope,
    /// For readers; not read back.
    #[serde(default)]
    body: serde_json::Value,
    /// The body byte for byte; not in a masked export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Line {
    pub(super) fn of(workspace: &Workspace, letter: Letter, reveal: bool) -> Self {
        let mut shown = body::to_json(letter.kind(), &letter.body).unwrap_or_default();
        let record = match reveal {
            true => letter.record.clone(),
            false => masked_record(&letter),
        };
        let mut headers = letter.envelope;
        headers.failure = None;
        if !reveal {
            mask_json(&mut shown);
            headers.history.clear();
        }
        Self {
            format: FORMAT.to_owned(),
            namespace: workspace.rt.namespace.to_string(),
            stage: workspace.stage.name().to_owned(),
            masked: !reveal,
            body: shown,
            body_base64: reveal.then(|| BASE64_STANDARD.encode(&letter.body)),
            sha256: reveal.then(|| digest(&letter.body)),
            record,
            headers,
        }
    }

    /// The letter's own digits, by which it is known whatever the rest of its id says.
    pub(super) fn digits(&self) -> &str {
        let id = &self.record.id;
        identity::digits(id).unwrap_or(id)
    }

    /// The letter as it will be published, or what is wrong with the line.
    pub(super) fn check(
        self,
        namespace: &Namespace,
        stage: Stage,
        adopt: bool,
        life: &str,
    ) -> anyhow::Result<Outgoing> {
        words::ensure!(
            self.format == FORMAT,
            "format `{}`, expected `{FORMAT}`",
            self.format
        );
        words::ensure!(!self.masked, "masked; export with --reveal to import again");
        words::ensure!(
            self.stage == stage.name(),
            "a letter of the {} stage; import it with that stage's program",
            self.stage
        );
        words::ensure!(
            adopt || self.namespace == namespace.to_string(),
            "a letter of namespace `{}`, this is `{}`; add --adopt to take it over",
            self.namespace,
            namespace
        );
        let text = self.body_base64.with_context(|| words::tr!("no body_base64"))?;
        let body = BASE64_STANDARD
            .decode(text)
            .with_context(|| words::tr!("body_base64"))?;
        words::ensure!(
            self.sha256.as_deref() == Some(&digest(&body)),
            "the body does not fit its sha256"
        );
        words::ensure!(
            identity::digits(&self.record.id).is_some(),
            "`{}` is no id of a dead letter",
            self.record.id
        );
        let mut record = self.record;
        record.return_queue = namespace.queue(stage);
        let mut envelope = self.headers;
        envelope.reason = Some(record.code.clone());
        envelope.failure = Some(serde_json::to_string(&record)?);
        envelope.archived = None;
        envelope.life = Some(life.to_owned());
        Ok(Outgoing::raw(namespace.dead_queue(stage), envelope, body.into()))
    }
}

pub(super) fn digest(body: &[u8]) -> String {
    Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A line as an import reads it.
#[cfg(test)]
pub(crate) fn read(text: &str, namespace: &Namespace, stage: Stage, adopt: bool) -> anyhow::Result<Outgoing> {
    serde_json::from_str::<Line>(text)?.check(namespace, stage, adopt, "i-1")
}

/// A line as an export writes it.
#[cfg(test)]
pub(crate) fn line(
    namespace: &Namespace,
    stage: Stage,
    record: &FailureRecord,
    body: &proto::v1::FormRecord,
) -> String {
    use prost::Message;
    let body = body.encode_to_vec();
    let line = Line {
        format: FORMAT.to_owned(),
        namespace: namespace.to_string(),
        stage: stage.name().to_owned(),
        masked: false,
        record: record.clone(),
        headers: Envelope::default(),
        body: serde_json::Value::Null,
        body_base64: Some(BASE64_STANDARD.encode(&body)),
        sha256: Some(digest(&body)),
    };
    serde_json::to_string(&line).unwrap_or_default()
}
