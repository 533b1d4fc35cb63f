//! Under which filter, and which condition of the transformers, everything was listed.

use super::{RunKind, State};
use pipeline::{names::NO_CONDITION, store::Error};

/// The condition by which the transformers drop customers.
#[derive(Debug)]
pub(crate) struct Conditions {
    pub(crate) now: String,
    /// The one under which everybody was listed.
    listed: String,
}

impl Conditions {
    pub(crate) fn has_changed(&self) -> bool {
        self.now != self.listed
    }

    /// Transformers without a condition say so.
    pub(crate) fn may_drop(&self) -> bool {
        self.now != NO_CONDITION
    }
}

impl State {
    /// The filter under which everything was listed; `mine` when none is known yet.
    pub(crate) async fn filter(&self, mine: &str) -> Result<String, Error> {
        let key = self.kind_key(RunKind::First);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HSETNX").arg(&key).arg("filter").arg(mine).ignore();
        pipe.cmd("HGET").arg(&key).arg("filter");
        let (filter,) = pipe.query_async(&mut *connection).await?;
        Ok(filter)
    }

    /// The condition of the transformers; nothing until one of them has started.
    pub(crate) async fn condition(&self) -> Result<Option<Conditions>, Error> {
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        let key = self.namespace.condition_key();
        pipe.cmd("HMGET").arg(key).arg("now").arg("first");
        pipe.cmd("HGET")
            .arg(self.kind_key(RunKind::First))
            .arg("condition");
        let ((now, first), listed): ((Option<String>, Option<String>), Option<String>) =
            pipe.query_async(&mut *connection).await?;
        let both = now.zip(listed.or(first));
        Ok(both.map(|(now, listed)| Conditions { now, listed }))
    }
}
