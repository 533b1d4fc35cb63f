//! Rows of ours whose key cell something in the form rewrites after each write (an automation, a formula, a check): whose
//! they are is known by their ids alone, and written down here, so that nobody makes a second one (I2).

use pipeline::store;

use super::{Error, Ledger};

/// Before the customer of a row whose key was written once more, while nobody knows yet whether it stays.
const TRIED: char = '?';

/// Whose a row is that is known by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) company: String,
    /// Its key was written once more, and may stay.
    pub(crate) tried: bool,
}

/// How often the form rewrites keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rewriting {
    /// Rows that are known by their ids alone.
    pub(crate) rows: u64,
    /// Keys that did not stay when they were written twice, since one has stayed.
    pub(crate) in_a_row: u64,
}

impl Ledger {
    /// Whose rows these are, as far as they are known by their ids.
    pub(crate) async fn rewritten(&self, ids: &[&str]) -> Result<Vec<Option<Owner>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("HMGET");
        command.arg(self.rewritten_key()).arg(ids);
        let mut connection = self.store().connection().await?;
        let owners: Vec<Option<String>> = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        Ok(owners
            .into_iter()
            .map(|text| text.map(|text| owner(&text)))
            .collect())
    }

    /// The keys of these rows, customer and row id of each, were written once more.
    pub(crate) async fn key_tried(&self, rows: &[(&str, &str)]) -> Result<(), Error> {
        let rows = rows
            .iter()
            .map(|(company, id)| (*id, format!("{TRIED}{company}")));
        self.write_rewritten(rows.collect(), 0).await
    }

    /// The keys of these rows do not stay; so many of them nobody knew.
    pub(crate) async fn key_rewritten(&self, rows: &[(&str, &str)], new: usize) -> Result<(), Error> {
        let rows = rows.iter().map(|(company, id)| (*id, (*company).to_owned()));
        self.write_rewritten(rows.collect(), new).await
    }

    async fn write_rewritten(&self, rows: Vec<(&str, String)>, new: usize) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.cmd("HSET").arg(self.rewritten_key()).arg(&rows).ignore();
        pipe.cmd("INCRBY").arg(self.in_a_row_key()).arg(new).ignore();
        let mut connection = self.store().connection().await?;
        let done = pipe.query_async::<()>(&mut *connection).await;
        Ok(done.map_err(store::Error::from)?)
    }

    /// These rows are found by their keys again, or are gone. `stays`: a key that was written has stayed.
    pub(crate) async fn forget_rewritten(&self, ids: &[&str], stays: bool) -> Result<(), Error> {
        if ids.is_empty() && !stays {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        if stays {
            pipe.cmd("DEL").arg(self.in_a_row_key()).ignore();
        }
        if !ids.is_empty() {
            pipe.cmd("HDEL").arg(self.rewritten_key()).arg(ids).ignore();
        }
        let mut connection = self.store().connection().await?;
        let done = pipe.query_async::<()>(&mut *connection).await;
        Ok(done.map_err(store::Error::from)?)
    }

    pub(crate) async fn rewriting(&self) -> Result<Rewriting, Error> {
        let mut pipe = redis::pipe();
        pipe.cmd("HLEN").arg(self.rewritten_key());
        pipe.cmd("GET").arg(self.in_a_row_key());
        let mut connection = self.store().connection().await?;
        let (rows, in_a_row): (u64, Option<u64>) = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let in_a_row = in_a_row.unwrap_or_default();
        Ok(Rewriting { rows, in_a_row })
    }

    /// Some of these rows from this cursor on (0 at first), customer and row id, and the cursor of the next ones (0 when there
    /// are none).
    pub(crate) async fn some_rewritten(
        &self,
        cursor: u64,
        about: usize,
    ) -> Result<(u64, Vec<(String, String)>), Error> {
        let mut command = redis::cmd("HSCAN");
        command
            .arg(self.rewritten_key())
            .arg(cursor)
            .arg("COUNT")
            .arg(about);
        let mut connection = self.store().connection().await?;
        let (next, found): (u64, Vec<(String, String)>) = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let found = found.into_iter().map(|(id, text)| (owner(&text), id));
        // Those that were tried are to be read first.
        let found = found.filter(|(owner, _)| !owner.tried);
        Ok((next, found.map(|(owner, id)| (owner.company, id)).collect()))
    }

    fn rewritten_key(&self) -> String {
        format!("{}rewritten", self.inner.names.prefix())
    }

    fn in_a_row_key(&self) -> String {
        format!("{}rewritten:in-a-row", self.inner.names.prefix())
    }
}

fn owner(text: &str) -> Owner {
    let company = text.strip_prefix(TRIED);
    Owner {
        tried: company.is_some(),
        company: company.unwrap_or(text).to_owned(),
    }
}
