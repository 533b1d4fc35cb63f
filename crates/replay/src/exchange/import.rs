//! Adding the letters of an export to the dead letters. It is checked as a whole before the first one is published.

use super::line::{Line, digest};
use crate::{
    account,
    archive::{enter, subjects_of},
    browse::{browser::Taken, filter::Filter},
    error::{Error, Result},
    letter::Letter,
    operation::{Draft, Kind, Running, new_id},
    workspace::Workspace,
};
use pipeline::{
    disposition::Disposition,
    events::What,
    message::{Death, Outgoing},
};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::HashMap,
    io::{self, BufRead, Read},
    ops::ControlFlow,
    time::Duration,
};

const CHUNK: usize = 200;
/// A line holds its body twice, once for readers, and the largest answer of a vendor has 16 MiB.
const LONGEST: u64 = 96 << 20;

/// What some editors put in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The lines of an export with their numbers, none of them longer than `longest` bytes; empty ones are passed over.
fn lines(mut from: impl BufRead, longest: u64) -> impl Iterator<Item = (usize, io::Result<String>)> {
    let mut number = 0;
    let next = move || {
        number += 1;
        let mut line = String::new();
        let read = from.by_ref().take(longest + 1).read_line(&mut line);
        let line = match read {
            Ok(0) => return None,
            Ok(_) if line.len() as u64 > longest => {
                let problem = words::tr!("longer than {longest} bytes");
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
            Ok(_) => Ok(line.trim_start_matches(BYTE_ORDER_MARK).to_owned()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let problem = words::text!("no UTF-8 text, in which an export is written");
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
            Err(error) => Err(error),
        };
        Some((number, line))
    };
    let is_empty = |line: &io::Result<String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
    std::iter::from_fn(next).filter(move |(_, line)| !is_empty(line))
}

/// Letters of the file by their digits, with the digest of what each holds.
type Wanted = HashMap<String, String>;

/// What an import has done.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// The operation, for `undo`.
    pub operation: String,
    /// Letters added to the dead letters.
    pub imported: u64,
    /// Letters that were there already.
    pub present: u64,
    /// Letters that were there already with another body, and were left as they are.
    pub different: u64,
    /// Who may hold letters that could not be seen; those may be there twice until the next look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
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
        which: Some(words::kept!("{} letters of a file", wanted.len())),
        reason,
        of: None,
        keep: Duration::ZERO,
    };
    let all = wanted.len() as u64;
    let running = Running::begin(workspace, draft).await?;
    (workspace.notice)(&words::tr!(
        "operation {operation}; `dead undo {operation}` takes it back"
    ));
    let mut report = Imported {
        operation: operation.clone(),
        ..Imported::default()
    };
    let different = look(workspace, &mut wanted, &mut report).await?;
    let mut chunk = Vec::with_capacity(CHUNK);
    for (_, line) in lines(open()?, LONGEST) {
        let line: Line = serde_json::from_str(&line?)?;
        if wanted.contains_key(line.digits()) {
            let place = line.record.id.clone();
            let message = line.check(namespace, stage, adopt, &operation);
            let message = message.map_err(|problem| Error::Invalid {
                place,
                problem: format!("{problem:#}"),
            })?;
            chunk.push(message);
        }
        if chunk.len() == CHUNK {
            publish(&running, workspace, &mut chunk, &mut report).await?;
        }
    }
    publish(&running, workspace, &mut chunk, &mut report).await?;
    let found = report.imported + report.present + report.different;
    running.end(found != all, json!(report)).await?;
    if found != all {
        // A pipe is empty when it is read once more.
        return Err(Error::NotNow(words::tr!(
            "the file changed while it was read: {all} letters at first, {found} later; import it again, which adds what is missing"
        )));
    }
    match different {
        None => Ok(report),
        Some(first) => Err(left_alone(&report, &first)),
    }
}

/// Takes out of what is wanted what is there already; the first letter that is there with another body.
async fn look(workspace: &Workspace, wanted: &mut Wanted, report: &mut Imported) -> Result<Option<String>> {
    let purpose = words::tr!("import {operation}", operation = report.operation);
    let browser = workspace.browse(&purpose).await?;
    report.withheld = browser.withheld();
    let (mut different, mut present) = (None, Vec::new());
    let visit = async |taken: Taken| {
        let letter = taken.letter;
        match wanted.remove(letter.digits()) {
            Some(content) if content == digest(&letter.body) => {
                report.present += 1;
                // Whoever imported it may have been killed before the account knew.
                present.extend(subjects_of(&letter));
            }
            Some(_) => {
                report.different += 1;
                different.get_or_insert(letter.record.id);
            }
            None => {}
        }
        Ok(ControlFlow::Continue(()))
    };
    browser.walk(visit).await?;
    enter(workspace, workspace.stage, Disposition::Dead, &present).await;
    Ok(different)
}

/// What an operator has to know of letters that were not imported because others are in their place.
fn left_alone(report: &Imported, first: &str) -> Error {
    Error::NotNow(words::tr!(
        "{} imported, {} were there already, and {} with another body, which were left as they are, the first is {first}: discard \
         those letters before you import others in their place, or edit them",
        report.imported,
        report.present,
        report.different
    ))
}

/// All lines, once each of them is right.
fn checked(workspace: &Workspace, operation: &str, adopt: bool, from: impl BufRead) -> Result<Wanted> {
    let namespace = &workspace.rt.namespace;
    let mut wanted = Wanted::new();
    for (number, line) in lines(from, LONGEST) {
        let place = words::tr!("line {number}; nothing was imported");
        let wrong = |problem: String| Error::Invalid {
            place: place.clone(),
            problem,
        };
        let line = line.map_err(|problem| wrong(problem.to_string()))?;
        let line: Line = serde_json::from_str(&line).map_err(|problem| wrong(problem.to_string()))?;
        let (id, digits) = (line.record.id.clone(), line.digits().to_owned());
        let message = line.check(namespace, workspace.stage, adopt, operation);
        let message = message.map_err(|problem| wrong(format!("{problem:#}")))?;
        if wanted.insert(digits, digest(message.body())).is_some() {
            return Err(wrong(words::tr!("`{id}` a second time")));
        }
    }
    Ok(wanted)
}

async fn publish(
    running: &Running<'_>,
    workspace: &Workspace,
    chunk: &mut Vec<Outgoing>,
    report: &mut Imported,
) -> Result<()> {
    let (home, stage) = (workspace.rt.namespace.queue(workspace.stage), workspace.stage);
    let read = |message: &Outgoing| {
        let (envelope, body) = (message.envelope().clone(), message.body().clone());
        Letter::read(stage, &home, envelope, &Death::default(), body)
    };
    let letters: Vec<Letter> = chunk.iter().map(read).collect();
    workspace.rt.publisher.publish(std::mem::take(chunk)).await?;
    account::tell(workspace, stage, What::Imported, &letters, &running.id).await;
    report.imported += letters.len() as u64;
    // They may have been discarded before, and are dead again.
    let subjects: Vec<_> = letters.iter().flat_map(subjects_of).collect();
    enter(workspace, stage, Disposition::Dead, &subjects).await;
    running.moved(letters.len() as u64).await?;
    if letters.iter().any(|letter| !letter.customers().is_empty()) {
        workspace.rt.account.bundles_are_dead(stage, true).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::lines;
    use std::io::{BufReader, repeat};

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let endless = BufReader::new(repeat(b' '));
        assert!(lines(endless, 1_000).next().unwrap().1.is_err());
        let read = |text: &'static [u8]| lines(text, 9).map(|(number, line)| (number, line.ok()));
        let two: Vec<_> = read("\u{feff}a\n\n \r\nb\n\n".as_bytes()).collect();
        assert_eq!(two, [(1, Some("a\n".into())), (4, Some("b\n".into()))]);
        let wide: Vec<_> = read(b"a\n\xff\xfe{").collect();
        assert_eq!(wide[1], (2, None));
    }
}
