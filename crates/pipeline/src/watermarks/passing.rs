//! Whether a customer may have a row, and which of its states a condition dropped last: so that the loader is told of
//! somebody who leaves a filter, and of nobody else.
//!
//! Two states of one customer may be handled at the same time, by different replicas and services: an older one that goes on,
//! and a newer one that is dropped. Both are noted by one script before anything is published, so the second of them sees the
//! first: either the older one is known to be overtaken, or the newer one is known to concern a row.

use super::{Published, Watermarks, number, version};
use crate::store::{Error, Script};
use crate::version::Version;
use std::sync::LazyLock;

static STEPS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("steps.lua")));
static GONE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gone.lua")));

/// What is known of a customer before one of its states is handled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What was published last.
    pub published: Option<Published>,
    /// A record of it went to the loader once, or its row was seen in the form.
    pub may_have_row: bool,
    /// The newest state that a condition dropped.
    pub dropped: Option<Version>,
}

/// What is about to become of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes on to the loader.
    Pass,
    /// A condition drops it.
    Drop,
}

impl Known {
    /// Whether a state that goes on has to be noted first; nothing would change for the others.
    #[must_use]
    pub const fn wants_note(&self) -> bool {
        !self.may_have_row || self.dropped.is_some()
    }
}

impl Watermarks {
    /// What is known of each company.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn known(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Known>, Error> {
        let rows = self.read(companies, &["pu", "ps", "pd", "o", "fu", "fs"]).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [
                update_time,
                sequence,
                digest,
                may_have_row,
                dropped,
                dropped_sequence,
            ] = <[_; 6]>::try_from(row).ok()?;
            let published = version(update_time, sequence).zip(digest);
            Some(Known {
                published: published.map(|(version, digest)| Published { version, digest }),
                may_have_row: number::<u8>(may_have_row) == Some(1),
                dropped: version(dropped, dropped_sequence),
            })
        };
        Ok(rows
            .into_iter()
            .map(|row| parse(row).unwrap_or_default())
            .collect())
    }

    /// Notes what is about to become of these states, in this order. Of one that passes the answer says whether it may: `false`
    /// when a newer one was dropped. Of one that is dropped it says whether the customer may have a row.
    ///
    /// # Errors
    /// When Redis does not do it; then nothing may be published.
    pub async fn note(&self, steps: &[(impl AsRef<str>, Step, Version)]) -> Result<Vec<bool>, Error> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = steps.iter().map(|(company, ..)| self.key(company)).collect();
        let args: Vec<String> = steps
            .iter()
            .flat_map(|(_, step, version)| {
                let word = match step {
                    Step::Pass => "pass",
                    Step::Drop => "drop",
                };
                [
                    word.to_owned(),
                    version.update_time.to_string(),
                    version.sequence.to_string(),
                ]
            })
            .collect();
        let answers: Vec<u8> = self.store.invoke(&STEPS, &keys, &args).await?;
        Ok(answers.into_iter().map(|answer| answer == 1).collect())
    }

    /// Rows of these companies were seen in the form, whoever has made them.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn seen_in_form(&self, companies: &[impl AsRef<str>]) -> Result<(), Error> {
        if companies.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for company in companies {
            pipeline
                .cmd("HSET")
                .arg(self.key(company))
                .arg("o")
                .arg(1)
                .ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Remembers versions of removals, and of leavings of a filter, that were handled. What was loaded before is none of
    /// the customer's states any more: whoever comes back is fetched, whatever its update time.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn record_gone(&self, gone: &[(impl AsRef<str>, Version)]) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = gone.iter().map(|(company, _)| self.key(company)).collect();
        let versions: Vec<String> = gone
            .iter()
            .flat_map(|(_, version)| [version.update_time.to_string(), version.sequence.to_string()])
            .collect();
        self.store.invoke(&GONE, &keys, &versions).await
    }
}
