//! Dead letters that carry many records, which the account counts one by one and the broker as one.

use super::Account;
use crate::{stage::Stage, store::Error};
use std::time::Duration;

/// How long it is remembered that dead letters carry many records each; a look at them says it anew.
const BUNDLES_KNOWN: Duration = Duration::from_secs(7 * 86_400);

impl Account {
    /// Remembers for a week that dead letters of the stage carry many records each, or that none does: the account
    /// counts records, and the broker messages.
    ///
    /// # Errors
    /// When Redis goes away.
    pub async fn bundles_are_dead(&self, stage: Stage, are: bool) -> Result<(), Error> {
        let key = self.namespace.dead_bundles_key(stage);
        let command = match are {
            true => redis::cmd("SET")
                .arg(key)
                .arg(1)
                .arg("EX")
                .arg(BUNDLES_KNOWN.as_secs())
                .to_owned(),
            false => redis::cmd("DEL").arg(key).to_owned(),
        };
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    pub(super) async fn has_dead_bundles(&self, stage: Stage) -> Result<bool, Error> {
        let mut connection = self.store.connection().await?;
        let mut exists = redis::cmd("EXISTS");
        exists.arg(self.namespace.dead_bundles_key(stage));
        Ok(exists.query_async(&mut *connection).await?)
    }
}
