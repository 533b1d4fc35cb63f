//! What is known about each customer, to save work: the version published last and the version loaded last.
//!
//! Watermarks are hints. Losing one costs a repeated call or copy and never a record; one that claims too much would
//! lose records, so each is written only after the fact is durable, a customer whose record died loses its watermarks, and
//! a `loaded` watermark counts only in the epoch of the index in which it was written.
//!
//! Every call takes a whole batch and costs one round trip.
//!
//! Fields of a customer's hash; only this file and its scripts name them:
//!
//! | field | what |
//! | --- | --- |
//! | `pu`, `ps` | update time and sequence of what was published last |
//! | `pd` | digest of what was published last |
//! | `l` | update time of what was loaded last |
//! | `e` | epoch of the index in which it was loaded |
//! | `o` | `1`: the customer may have a row, for a record of it went to the loader, or one was seen in the form |
//! | `fu`, `fs` | update time and sequence of the newest state that a condition dropped |
//! | `x`, `xs` | update time and sequence of the removal, or of the leaving of a filter, that the loader has handled as its policy says |
//! | `ru`, `rs` | the same of the newest one that the extractor has handed on, or of the state that was set back: what follows is handed on above it |
//! | `rt`, `rq` | update time that OKKI showed of the state that was handed on last above it, and the sequence of that |
//! | `lt`, `lu` | update time with which the listing showed the state that was fetched last, and the one under which it went on, where they differ |
//! | `lg` | until when the customer was fetched whole: no later change can hide behind a listed time before; only where listings may show times coarsely |
//! | `c` | number of the comparison with OKKI that listed the customer last |
//!
//! The first five are forgotten when a record dies or is to be fetched anew; the others stay.

pub mod passing;
pub mod returning;
pub mod shown_as;
pub mod standing;

use std::sync::LazyLock;

use crate::names::Namespace;
use crate::store::{Error, Script, Store};
use crate::version::Version;

static RECORD_PUBLISHED: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("watermarks/published.lua")));
static RECORD_LOADED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("watermarks/loaded.lua")));

/// What the next state of a customer is compared with.
const FORGOTTEN: [&str; 5] = ["pu", "ps", "pd", "l", "e"];

/// The newest state of a customer that went on to the next stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its version.
    pub version: Version,
    /// Digest of what was published.
    pub digest: Vec<u8>,
}

/// The watermarks of a namespace, in hashes `{ns}:mark:<company>`.
#[derive(Clone)]
pub struct Watermarks {
    store: Store,
    namespace: Namespace,
}

impl Watermarks {
    /// Watermarks of this namespace.
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// What was published last, for each company.
    pub async fn published(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Option<Published>>, Error> {
        let rows = self.read(companies, &["pu", "ps", "pd"]).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [update_time, sequence, digest] = <[_; 3]>::try_from(row).ok()?;
            Some(Published {
                version: version(update_time, sequence)?,
                digest: digest?,
            })
        };
        Ok(rows.into_iter().map(parse).collect())
    }

    /// Remembers what was published; an older version never replaces a newer one.
    pub async fn record_published(&self, watermarks: &[(impl AsRef<str>, Published)]) -> Result<(), Error> {
        if watermarks.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = watermarks.iter().map(|(company, _)| self.key(company)).collect();
        let args: Vec<Vec<u8>> = watermarks
            .iter()
            .flat_map(|(_, watermark)| fields(watermark))
            .collect();
        self.store.invoke(&RECORD_PUBLISHED, &keys, &args).await
    }

    /// The update time that is known to be in the form, for each company.
    pub async fn loaded(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Option<i64>>, Error> {
        let epoch = self.epoch().await?;
        let rows = self.read(companies, &["l", "e"]).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [loaded, written_in] = <[_; 2]>::try_from(row).ok()?;
            let counts =
                epoch.is_some() && written_in == epoch.as_ref().map(|epoch| epoch.clone().into_bytes());
            counts.then(|| number(loaded)).flatten()
        };
        Ok(rows.into_iter().map(parse).collect())
    }

    /// Remembers update times that are in the form now and hide no later change; without an epoch nothing is remembered.
    pub async fn record_loaded(&self, watermarks: &[(impl AsRef<str>, i64)]) -> Result<(), Error> {
        if watermarks.is_empty() {
            return Ok(());
        }
        let companies = watermarks.iter().map(|(company, _)| self.key(company));
        let keys: Vec<_> = std::iter::once(self.epoch_key()).chain(companies).collect();
        let times: Vec<_> = watermarks.iter().map(|(_, update_time)| *update_time).collect();
        self.store.invoke(&RECORD_LOADED, &keys, &times).await
    }

    /// Forgets these companies, so that their next state is taken whatever its version.
    pub async fn clear(&self, companies: &[impl AsRef<str>]) -> Result<(), Error> {
        if companies.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for company in companies {
            pipeline
                .cmd("HDEL")
                .arg(self.key(company))
                .arg(&FORGOTTEN)
                .ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// The epoch of the index, if there is an index.
    pub async fn epoch(&self) -> Result<Option<String>, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("GET")
            .arg(self.epoch_key())
            .query_async(&mut *connection)
            .await?)
    }

    /// The hash of a company, for scripts that write watermarks together with their own keys.
    pub fn key(&self, company: impl AsRef<str>) -> String {
        self.namespace.watermark_key(company.as_ref())
    }

    /// The key of the epoch.
    pub fn epoch_key(&self) -> String {
        self.namespace.epoch_key()
    }

    async fn read(
        &self,
        companies: &[impl AsRef<str>],
        fields: &[&str],
    ) -> Result<Vec<Vec<Option<Vec<u8>>>>, Error> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for company in companies {
            pipeline.cmd("HMGET").arg(self.key(company)).arg(fields);
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async(&mut *connection).await?)
    }
}

fn fields(watermark: &Published) -> [Vec<u8>; 3] {
    let Version {
        update_time,
        sequence,
    } = watermark.version;
    [
        update_time.to_string().into_bytes(),
        sequence.to_string().into_bytes(),
        watermark.digest.clone(),
    ]
}

fn version(update_time: Option<Vec<u8>>, sequence: Option<Vec<u8>>) -> Option<Version> {
    Some(Version {
        update_time: number(update_time)?,
        sequence: number(sequence)?,
    })
}

fn number<T: std::str::FromStr>(bytes: Option<Vec<u8>>) -> Option<T> {
    std::str::from_utf8(&bytes?).ok()?.parse().ok()
}
