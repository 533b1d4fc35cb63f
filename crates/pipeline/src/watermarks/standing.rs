//! How each customer stands, for the comparison of everything that OKKI lists with everything that was loaded.

use super::{Watermarks, number, version};
use crate::store::Error;
use crate::version::Version;

/// What the pipeline knows of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Update time that is known to be in the form, as far as the index of now says so.
    pub loaded: Option<i64>,
    /// The same of any time.
    pub ever_loaded: Option<i64>,
    /// What went on to the loader last.
    pub published: Option<Version>,
    /// The newest state that a condition dropped.
    pub dropped: Option<Version>,
    /// The removal, or the leaving of a filter, that was handled last.
    pub gone: Option<i64>,
    /// It may have a row.
    pub may_have_row: bool,
    /// The comparison that listed it last.
    pub listed_in: Option<u64>,
}

impl Standing {
    /// Whether a condition dropped what was handled last.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.dropped.is_some() && self.dropped >= self.published
    }

    /// Whether it has gone, and that was the last that was handled.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let published = self.published.map(|version| version.update_time);
        self.gone.is_some() && self.gone >= published && self.gone >= self.ever_loaded
    }

    /// The latest update time that anything says.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        let published = self.published.map(|version| version.update_time);
        published.max(self.ever_loaded).max(self.gone)
    }
}

impl Watermarks {
    /// How these companies stand.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn standings(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Standing>, Error> {
        let epoch = self.epoch().await?.map(String::into_bytes);
        let fields = ["l", "e", "pu", "ps", "fu", "fs", "x", "o", "c"];
        let rows = self.read(companies, &fields).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [loaded, written_in, pu, ps, fu, fs, gone, may_have_row, listed_in] =
                <[_; 9]>::try_from(row).ok()?;
            let ever_loaded = number(loaded);
            let published = version(pu, ps);
            let may_have_row = may_have_row.is_some() || published.is_some() || ever_loaded.is_some();
            Some(Standing {
                loaded: ever_loaded.filter(|_| epoch.is_some() && written_in == epoch),
                ever_loaded,
                published,
                dropped: version(fu, fs),
                gone: number(gone),
                may_have_row,
                listed_in: number(listed_in),
            })
        };
        Ok(rows
            .into_iter()
            .map(|row| parse(row).unwrap_or_default())
            .collect())
    }

    /// Remembers that a comparison has listed these companies.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn record_listed(&self, companies: &[impl AsRef<str>], comparison: u64) -> Result<(), Error> {
        if companies.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for company in companies {
            pipeline
                .cmd("HSET")
                .arg(self.key(company))
                .arg("c")
                .arg(comparison)
                .ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Some companies of which anything is known, from this cursor on (0 at first), and the cursor of the next ones (0 when
    /// there are none). A company may come twice.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn scan(&self, cursor: u64, about: usize) -> Result<(u64, Vec<String>), Error> {
        self.store.scan(&self.key(""), cursor, about).await
    }
}
