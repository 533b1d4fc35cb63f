//! Adding the letters of an export to the dead letters. It is checked as a whole before the first one is published.

use super::line::Line;
use crate::{
    account,
    browse::{browser::Taken, filter::Filter},
    error::{Error, Result},
    operation::{Draft, Kind, Running, new_id},
    workspace::Workspace,
};
use pipeline::{events::What, failure::record::FailureRecord, message::Outgoing};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::HashSet,
    io::{self, BufRead, Read},
    ops::ControlFlow,
    time::Duration,
};

const CHUNK: usize = 200;
/// A line holds its body twice, once for readers, and the largest answer of a vendor has 16 MiB.
const LONGEST: u64 = 96 << 20;

/// The lines of an export, none of them longer than `longest` bytes.
fn lines(mut from: impl BufRead, longest: u64) -> impl Iterator<Item = io::Result<String>> {
    std::iter::from_fn(move || {
        let mut line = String::new();
        match from.by_ref().take(longest + 1).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) if line.len() as u64 > longest => {
                let problem = words::tr!("longer than {longest} bytes");
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
    /// The operation, for `undo`.
    pub operation: String,
    /// Letters added to the dead letters.
    pub imported: u64,
    /// Letters that were there already.
    pub present: u64,
}

/// Adds the letters of an export to the end of the dead letters. `open` gives the lines from their beginning, twice. It is
/// on record before the first one is published, and they are another life of the letters.
///
/// # Errors
/// When a line is wrong, and then nothing was imported; or when the broker or Redis goes away.
pub async fn import<R: BufRead>(
    workspace: &Workspace,
    reason: &str,
    adopt: bool,
    mut open: impl FnMut() -> io::Result<R>,
) -> Result<Imported> {
    let operation = new_id('i');
    let (namespace, stage) = (&workspace.rt.namespace, workspace.stage);
    let mut wanted = checked(workspace, &operation, adopt, open()?)?;
    let everything = Filter::default();
    let draft = Draft {
        kind: Kind::Import,
        id: operation.clone(),
        filter: &everything,
        which: Some(words::tr!("{} letters of a file", wanted.len())),
        reason,
        of: None,
        keep: Duration::ZERO,
    };
    let running = Running::begin(workspace, draft).await?;
    (workspace.notice)(&words::tr!(
        "operation {operation}; `dead undo {operation}` takes it back"
    ));
    let mut report = Imported {
        operation: operation.clone(),
        ..Imported::default()
    };
    let browser = workspace.browse(&words::tr!("import {operation}")).await?;
    let visit = async |taken: Taken| {
        report.present += u64::from(wanted.remove(&taken.letter.record.id));
        Ok(ControlFlow::Continue(()))
    };
    browser.walk(visit).await?;
    let mut chunk = Vec::with_capacity(CHUNK);
    for line in lines(open()?, LONGEST) {
        let line: Line = serde_json::from_str(&line?)?;
        if wanted.contains(&line.record.id) {
            let (place, record) = (line.record.id.clone(), line.record.clone());
            let letter = line.check(namespace, stage, adopt, &operation);
            let letter = letter.map_err(|problem| Error::Invalid {
                place,
                problem: format!("{problem:#}"),
            })?;
            chunk.push((record, letter));
        }
        if chunk.len() == CHUNK {
            publish(&running, workspace, &mut chunk, &mut report).await?;
        }
    }
    publish(&running, workspace, &mut chunk, &mut report).await?;
    running.end(false, json!(report)).await?;
    Ok(report)
}

/// The ids of all lines, once each of them is right.
fn checked(
    workspace: &Workspace,
    operation: &str,
    adopt: bool,
    from: impl BufRead,
) -> Result<HashSet<String>> {
    let namespace = &workspace.rt.namespace;
    let mut wanted = HashSet::new();
    for (number, line) in lines(from, LONGEST).enumerate() {
        let place = words::tr!("line {}; nothing was imported", number + 1);
        let wrong = |problem: String| Error::Invalid {
            place: place.clone(),
            problem,
        };
        let line: Line = serde_json::from_str(&line?).map_err(|problem| wrong(problem.to_string()))?;
        let id = line.record.id.clone();
        line.check(namespace, workspace.stage, adopt, operation)
            .map_err(|problem| wrong(format!("{problem:#}")))?;
        if !wanted.insert(id.clone()) {
            return Err(wrong(words::tr!("`{id}` a second time")));
        }
    }
    Ok(wanted)
}

async fn publish(
    running: &Running<'_>,
    workspace: &Workspace,
    chunk: &mut Vec<(FailureRecord, Outgoing)>,
    report: &mut Imported,
) -> Result<()> {
    let letters = chunk.len() as u64;
    let (records, messages): (Vec<_>, Vec<_>) = chunk.drain(..).unzip();
    workspace.rt.publisher.publish(messages).await?;
    account::tell(workspace, workspace.stage, What::Imported, &records, &running.id).await;
    report.imported += letters;
    running.moved(letters).await
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
