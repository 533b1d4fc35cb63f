//! The removal, or the leaving of a filter, after which a customer may come back: with an update time of before, as when it
//! was restored, or when the removal had a time of its own. Its states of then have to be newer than that removal. The same
//! holds for a state with a time that OKKI has taken back since: what it shows instead has to be newer than that.

use super::{Watermarks, version};
use crate::store::{Error, Script};
use crate::version::Version;
use std::sync::LazyLock;

static SHOWN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shown.lua")));
static REMOVED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("removed.lua")));

impl Watermarks {
    /// The version of the newest removal or leaving of each company that was handed on or handled. One that was handled by a
    /// release that did not keep its sequence was before everything.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn removed(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Option<Version>>, Error> {
        let rows = self.read(companies, &["ru", "rs", "x", "xs"]).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [time, sequence, gone, gone_sequence] = <[_; 4]>::try_from(row).ok()?;
            let gone_sequence = gone_sequence.unwrap_or_else(|| b"0".to_vec());
            version(time, sequence).max(version(gone, Some(gone_sequence)))
        };
        Ok(rows.into_iter().map(parse).collect())
    }

    /// Remembers a removal or leaving that is about to be handed on, or a state that is set back.
    ///
    /// # Errors
    /// When Redis does not do it; then it may not be handed on.
    pub async fn record_removed(&self, company: impl AsRef<str>, removed: Version) -> Result<(), Error> {
        let version = [removed.update_time.to_string(), removed.sequence.to_string()];
        self.store.invoke(&REMOVED, &[self.key(company)], &version).await
    }

    /// A state with an update time of before is about to be handed on above what was removed or set back.
    ///
    /// # Errors
    /// When Redis does not do it; then it may not be handed on.
    pub async fn record_shown(
        &self,
        company: impl AsRef<str>,
        shown: i64,
        sequence: u64,
    ) -> Result<(), Error> {
        let shown = [shown.to_string(), sequence.to_string()];
        self.store.invoke(&SHOWN, &[self.key(company)], &shown).await
    }
}
