//! What is kept under ids, newest first: an index beside hashes that expire by themselves.

use pipeline::store::{Error, Store};

/// A sorted set of ids by the time of their making.
pub(crate) struct Index<'a> {
    store: &'a Store,
    key: String,
}

impl<'a> Index<'a> {
    pub(crate) const fn new(store: &'a Store, key: String) -> Self {
        Self { store, key }
    }

    /// All of them; those of which nothing is left have to be forgotten.
    pub(crate) async fn ids(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("ZREVRANGE");
        command.arg(&self.key).arg(0).arg(-1);
        Ok(command.query_async(&mut *connection).await?)
    }

    /// Takes an id out.
    pub(crate) async fn forget(&self, id: &str) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("ZREM");
        command.arg(&self.key).arg(id);
        Ok(command.query_async(&mut *connection).await?)
    }
}
