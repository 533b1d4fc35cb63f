//! Dead letters as lines of JSON, to look at with other tools, to keep, or to bring to another place.
//!
//! An export changes nothing. It is masked unless somebody asks for the data, and a masked one cannot be brought back.
//! An import is checked as a whole before its first letter is published.

use super::{body, filter::Filter, letter::Letter, reveal::mask_json, workspace::Workspace};

use pipeline::failure::{identity, record::FailureRecord};
use pipeline::{
    mask::mask_text,
    message::{Envelope, Outgoing},
    names::Namespace,
    stage::Stage,
};

use anyhow::{Context, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    io::{self, BufRead, Read, Write},
};

/// First field of every line.
const FORMAT: &str = "okki-dead-letter/1";
const CHUNK: usize = 200;
/// A line holds its body twice, once for people, and the largest answer of a vendor has 16 MiB.
const LONGEST: u64 = 96 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    format: String,
    namespace: String,
    stage: String,
    masked: bool,
    record: FailureRecord,
    headers: Envelope,
    /// For people; not read back.
    #[serde(default)]
    body: serde_json::Value,
    /// The body byte for byte; not in a masked export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// Writes the chosen letters; returns how many.
///
/// # Errors
/// When the broker goes away or the output cannot be written.
pub async fn export(
    workspace: &Workspace,
    filter: &Filter,
    reveal: bool,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<u64> {
    let mut look = workspace.look("export").await?;
    let mut written = 0;
    while !filter.is_full(written) {
        let Some(held) = look.next().await? else { break };
        if filter.matches(&held.letter) {
            let line = Line::of(workspace, held.letter, reveal);
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
            written += 1;
        }
        workspace.check()?;
    }
    out.flush()?;
    look.close().await?;
    Ok(written)
}

impl Line {
    fn of(workspace: &Workspace, letter: Letter, reveal: bool) -> Self {
        let mut shown = body::to_json(letter.kind(), &letter.body).unwrap_or_default();
        let (mut record, mut headers) = (letter.record, letter.envelope);
        headers.failure = None;
        if !reveal {
            mask_json(&mut shown);
            mask_record(&mut record);
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

    /// The letter as it will be published, or what is wrong with the line.
    fn check(self, namespace: &Namespace, stage: Stage, adopt: bool) -> anyhow::Result<Outgoing> {
        ensure!(
            self.format == FORMAT,
            "format `{}`, expected `{FORMAT}`",
            self.format
        );
        ensure!(!self.masked, "masked; export with --reveal to import again");
        ensure!(
            self.stage == stage.name(),
            "a letter of the {} stage; import it with that stage's program",
            self.stage
        );
        ensure!(
            adopt || self.namespace == namespace.to_string(),
            "a letter of namespace `{}`, this is `{}`; add --adopt to take it over",
            self.namespace,
            namespace
        );
        let text = self.body_base64.context("no body_base64")?;
        let body = BASE64_STANDARD.decode(text).context("body_base64")?;
        ensure!(
            self.sha256.as_deref() == Some(&digest(&body)),
            "the body does not fit its sha256"
        );
        ensure!(
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
        Ok(Outgoing::raw(namespace.dead_queue(stage), envelope, body.into()))
    }
}

/// The lines of an export, none of them longer than `longest` bytes.
fn lines(mut from: impl BufRead, longest: u64) -> impl Iterator<Item = io::Result<String>> {
    std::iter::from_fn(move || {
        let mut line = String::new();
        match from.by_ref().take(longest + 1).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) if line.len() as u64 > longest => {
                let problem = format!("longer than {longest} bytes");
                Some(Err(io::Error::new(io::ErrorKind::InvalidData, problem)))
            }
            Ok(_) => Some(Ok(line)),
            Err(error) => Some(Err(error)),
        }
    })
}

/// What an import has done.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Letters added to the dead letters.
    pub imported: u64,
    /// Letters that were there already.
    pub present: u64,
}

/// Adds the letters of an export to the end of the dead letters. `open` gives the lines from their beginning, twice.
///
/// # Errors
/// When a line is wrong, and then nothing was imported; or when the broker goes away.
pub async fn import<R: BufRead>(
    workspace: &Workspace,
    adopt: bool,
    mut open: impl FnMut() -> std::io::Result<R>,
) -> anyhow::Result<Imported> {
    let mut wanted = HashSet::new();
    for (number, line) in lines(open()?, LONGEST).enumerate() {
        let place = || format!("line {}; nothing was imported", number + 1);
        let line: Line = serde_json::from_str(&line?).with_context(place)?;
        let id = line.record.id.clone();
        line.check(&workspace.rt.namespace, workspace.stage, adopt)
            .with_context(place)?;
        if !wanted.insert(id.clone()) {
            bail!("line {}: `{id}` a second time; nothing was imported", number + 1);
        }
    }
    let mut look = workspace.look("import").await?;
    let mut report = Imported::default();
    while let Some(held) = look.next().await? {
        report.present += u64::from(wanted.remove(&held.letter.record.id));
    }
    look.close().await?;
    let mut chunk = Vec::with_capacity(CHUNK);
    for line in lines(open()?, LONGEST) {
        let line: Line = serde_json::from_str(&line?)?;
        if wanted.contains(&line.record.id) {
            chunk.push(line.check(&workspace.rt.namespace, workspace.stage, adopt)?);
        }
        if chunk.len() == CHUNK {
            report.imported += chunk.len() as u64;
            workspace.rt.publisher.publish(std::mem::take(&mut chunk)).await?;
        }
    }
    report.imported += chunk.len() as u64;
    workspace.rt.publisher.publish(chunk).await?;
    Ok(report)
}

/// Masks what a failure says; it should hold no customer data, and a vendor's words may.
pub fn mask_record(record: &mut FailureRecord) {
    record.message = mask_text(&record.message);
    if let Some(vendor) = &mut record.vendor {
        vendor.message = mask_text(&vendor.message);
    }
    for attempt in &mut record.attempts {
        attempt.message = mask_text(&attempt.message);
    }
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A line as an import reads it.
#[cfg(test)]
pub(super) fn read(text: &str, namespace: &Namespace, stage: Stage, adopt: bool) -> anyhow::Result<Outgoing> {
    serde_json::from_str::<Line>(text)?.check(namespace, stage, adopt)
}

/// A line as an export writes it.
#[cfg(test)]
pub(super) fn line(
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

#[cfg(test)]
mod tests {
    use super::lines;
    use std::io::{BufReader, repeat};

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let endless = BufReader::new(repeat(b' '));
        assert!(lines(endless, 1_000).next().unwrap().is_err());
        let two: Vec<_> = lines("a\nb".as_bytes(), 2).map(Result::unwrap).collect();
        assert_eq!(two, ["a\n", "b"]);
    }
}
