//! Adding the letters of an export to the dead letters. It is checked as a whole before the first one is published.

use super::line::Line;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use serde::Serialize;
use std::{
    collections::HashSet,
    io::{self, BufRead, Read},
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
    mut open: impl FnMut() -> io::Result<R>,
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
    let mut browser = workspace.browse("import").await?;
    let mut report = Imported::default();
    while let Some(taken) = browser.next().await? {
        report.present += u64::from(wanted.remove(&taken.letter.record.id));
    }
    browser.close().await?;
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
