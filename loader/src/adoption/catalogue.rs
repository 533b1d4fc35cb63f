//! Customers and rows by the hash of what is compared, in Redis: the command's memory does not grow with the form, and what
//! lies there tells nothing about anybody. It goes away by itself.

use anyhow::Context as _;
use pipeline::names::AdoptKeys;
use pipeline::service::Runtime;
use pipeline::store::{self, Store};

use super::told::Told;

/// Stands for several.
pub(super) const SEVERAL: &str = "*";
/// What a command that was killed leaves behind goes away by itself.
const KEPT_S: u64 = 86_400;

/// Everything in it can be read again, and is, by the next run.
pub(super) struct Catalogue {
    store: Store,
    keys: AdoptKeys,
}

/// What is known of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The customer of the row in the ledger.
    pub(super) known: Option<String>,
    /// The customer that waits with the same content.
    pub(super) customer: Option<String>,
    /// The row that shows this content.
    pub(super) row: Option<String>,
}

impl Catalogue {
    pub(super) fn new(runtime: &Runtime) -> Self {
        Self {
            store: runtime.store.clone(),
            keys: runtime.namespace.adopt_keys(),
        }
    }

    /// Forgets everything.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        let AdoptKeys {
            keyless,
            known,
            customers,
            rows,
            taken,
        } = &self.keys;
        let mut command = redis::cmd("DEL");
        command.arg(&[keyless, known, customers, rows, taken]);
        let mut connection = self
            .store
            .connection()
            .await
            .context(Told(|| words::tr!("ask Redis")))?;
        let cleared: Result<(), redis::RedisError> = command.query_async(&mut *connection).await;
        Ok(cleared.map_err(store::Error::from)?)
    }

    /// Customers that wait with these contents.
    pub(super) async fn add_customers(&self, pairs: &[(String, String)]) -> anyhow::Result<()> {
        self.add(&self.keys.customers, pairs).await.map(drop)
    }

    /// Rows that show these contents.
    pub(super) async fn add_rows(&self, pairs: &[(String, String)]) -> anyhow::Result<()> {
        self.add(&self.keys.rows, pairs).await.map(drop)
    }

    /// Customers and the rows that are meant for them; for each, whether it is the only one.
    pub(super) async fn take(&self, pairs: &[(String, String)]) -> anyhow::Result<Vec<bool>> {
        self.add(&self.keys.taken, pairs).await
    }

    /// Notes a value under each field; another one makes it several. Whether each is the only one so far.
    async fn add(&self, key: &str, pairs: &[(String, String)]) -> anyhow::Result<Vec<bool>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for (field, value) in pairs {
            pipe.cmd("HSETNX").arg(key).arg(field).arg(value).ignore();
            pipe.cmd("HGET").arg(key).arg(field);
        }
        pipe.cmd("EXPIRE").arg(key).arg(KEPT_S).ignore();
        let mut connection = self
            .store
            .connection()
            .await
            .context(Told(|| words::tr!("ask Redis")))?;
        let there: Vec<String> = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let only: Vec<bool> = pairs
            .iter()
            .zip(&there)
            .map(|((_, value), there)| value == there)
            .collect();
        let several: Vec<(&String, &str)> = pairs
            .iter()
            .zip(&only)
            .filter(|(_, only)| !**only)
            .map(|((field, _), _)| (field, SEVERAL))
            .collect();
        if !several.is_empty() {
            let mut command = redis::cmd("HSET");
            command.arg(key).arg(&several);
            let set: Result<(), redis::RedisError> = command.query_async(&mut *connection).await;
            set.map_err(store::Error::from)?;
        }
        Ok(only)
    }

    /// What is known of rows, given as row id and hash of their content.
    pub(super) async fn entries(&self, rows: &[(String, Option<String>)]) -> anyhow::Result<Vec<Entry>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for (id, hash) in rows {
            let hash = hash.as_deref().unwrap_or_default();
            pipe.cmd("HGET").arg(&self.keys.known).arg(id);
            pipe.cmd("HGET").arg(&self.keys.customers).arg(hash);
            pipe.cmd("HGET").arg(&self.keys.rows).arg(hash);
        }
        let mut connection = self
            .store
            .connection()
            .await
            .context(Told(|| words::tr!("ask Redis")))?;
        let found: Vec<Option<String>> = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let entry = |found: &[Option<String>]| Entry {
            known: found.first().cloned().flatten(),
            customer: found.get(1).cloned().flatten(),
            row: found.get(2).cloned().flatten(),
        };
        Ok(found.chunks(3).map(entry).collect())
    }
}
