//! What a walk over the dead letters of a stage sees: what is missing is added, and what is gone is taken out at its end.

use super::{Writer, letters::Whole};
use crate::{
    error::{Error, Result},
    row::Row,
    stages::number,
};
use pipeline::stage::Stage;
use replay::letter::{Letter, fingerprint::fingerprint};

/// One walk under way. Letters that came while it went on are none of its business.
#[derive(Debug)]
pub struct Walked {
    stage: Stage,
    /// Which file it is about: places in another one are those of other letters.
    file: u64,
    /// The last letter that was known when it began.
    newest: i64,
    seen: Vec<i64>,
    /// Letters that were not known.
    pub added: u64,
    /// Letters that were not there any more.
    pub gone: u64,
}

impl Walked {
    /// Begins a walk; before the queue is looked at.
    ///
    /// # Errors
    /// When the file does not serve.
    pub fn begin(writer: &mut Writer, stage: Stage) -> Result<Self> {
        let newest = writer.change(|change| {
            let sql = "SELECT coalesce(max(n), 0) FROM letter";
            Ok(change.tx.query_row(sql, [], |row| row.get(0))?)
        })?;
        Ok(Self {
            stage,
            file: writer.file,
            newest,
            seen: Vec::new(),
            added: 0,
            gone: 0,
        })
    }

    /// Stands for one that is elsewhere.
    pub(crate) fn empty() -> Self {
        Self {
            stage: Stage::Extract,
            file: u64::MAX,
            newest: 0,
            seen: Vec::new(),
            added: 0,
            gone: 0,
        }
    }

    /// Takes letters in the order of their queue.
    ///
    /// # Errors
    /// When the file does not serve, or was made anew meanwhile; then none of these was taken.
    pub fn take(&mut self, writer: &mut Writer, letters: &[Letter]) -> Result<()> {
        self.is_about(writer)?;
        let stage = number(self.stage);
        let seen = writer.change(|change| {
            let mut seen = Vec::new();
            for letter in letters {
                let found = change.find(stage, letter.digits(), letter.life().unwrap_or_default())?;
                if let Some((n, whole)) = found
                    && whole == Whole::Seen as i64
                {
                    seen.push((n, false));
                    continue;
                }
                let row = Row::seen(letter, fingerprint(&letter.record));
                if let Some((n, _)) = found {
                    change
                        .tx
                        .prepare_cached("DELETE FROM letter WHERE n = ?")?
                        .execute([n])?;
                }
                let n = change.put(found.map(|(n, _)| n), stage, &row, Whole::Seen)?;
                seen.push((n, found.is_none()));
            }
            Ok(seen)
        })?;
        for (n, is_new) in seen {
            self.added += u64::from(is_new);
            if n <= self.newest {
                self.seen.push(n);
            }
        }
        Ok(())
    }

    /// The whole queue was seen: what was known before and is not there goes.
    ///
    /// # Errors
    /// When the file does not serve, or was made anew meanwhile; then nothing has gone.
    pub fn end(&mut self, writer: &mut Writer, now: i64) -> Result<()> {
        self.is_about(writer)?;
        self.seen.sort_unstable();
        let (stage, newest, seen) = (number(self.stage), self.newest, &self.seen);
        self.gone = writer.change(|change| {
            let sql = "SELECT n FROM letter WHERE stage = ? AND n <= ?";
            let mut statement = change.tx.prepare_cached(sql)?;
            let known = statement.query_map((stage, newest), |row| row.get::<_, i64>(0))?;
            let mut missing = Vec::new();
            for n in known {
                let n = n?;
                if seen.binary_search(&n).is_err() {
                    missing.push(n);
                }
            }
            let mut delete = change.tx.prepare_cached("DELETE FROM letter WHERE n = ?")?;
            for n in &missing {
                delete.execute([n])?;
            }
            change.note(&format!("walked:{}", self.stage), now)?;
            Ok(missing.len() as u64)
        })?;
        Ok(())
    }

    fn is_about(&self, writer: &Writer) -> Result<()> {
        match self.file == writer.file {
            true => Ok(()),
            false => Err(Error::Anew),
        }
    }
}
