//! The time in which the form may not have taken every cell: from the last reading in which it was right to the one in which
//! it is right again. It outlives loaders, because they are restarted most of all when something is wrong.

use pipeline::store;

use super::{Error, Ledger, schema};

impl Ledger {
    /// The form was as the mapping needs it at this time of Redis' clock; whether rows have to be verified because it was
    /// not so before.
    pub(crate) async fn form_was_right(&self, at_ms: i64) -> Result<bool, Error> {
        let mut pipe = redis::pipe();
        pipe.cmd("HSET")
            .arg(self.form_key())
            .arg(schema::form::RIGHT_AT)
            .arg(at_ms)
            .ignore();
        pipe.cmd("HEXISTS")
            .arg(self.form_key())
            .arg(schema::form::GAP_SINCE);
        let mut connection = self.store().connection().await?;
        let (gap,): (bool,) = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        Ok(gap)
    }

    /// The form is not as the mapping needs it: what was written since it was so last is in doubt, and at least since
    /// `latest_ms` when nobody knows.
    pub(crate) async fn form_is_wrong(&self, latest_ms: i64) -> Result<(), Error> {
        let mut connection = self.store().connection().await?;
        let mut command = redis::cmd("HGET");
        command.arg(self.form_key()).arg(schema::form::RIGHT_AT);
        let right: Option<i64> = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let mut command = redis::cmd("HSETNX");
        command
            .arg(self.form_key())
            .arg(schema::form::GAP_SINCE)
            .arg(right.unwrap_or(latest_ms));
        let noted = command.query_async::<()>(&mut *connection).await;
        Ok(noted.map_err(store::Error::from)?)
    }

    /// Since when what was written is in doubt.
    pub(crate) async fn form_gap(&self) -> Result<Option<i64>, Error> {
        let mut command = redis::cmd("HGET");
        command.arg(self.form_key()).arg(schema::form::GAP_SINCE);
        let mut connection = self.store().connection().await?;
        let since = command.query_async(&mut *connection).await;
        Ok(since.map_err(store::Error::from)?)
    }

    /// Everything that was in doubt is on the list of rows to verify.
    pub(crate) async fn form_gap_is_over(&self) -> Result<(), Error> {
        let mut command = redis::cmd("HDEL");
        command.arg(self.form_key()).arg(schema::form::GAP_SINCE);
        let mut connection = self.store().connection().await?;
        let gone = command.query_async::<()>(&mut *connection).await;
        Ok(gone.map_err(store::Error::from)?)
    }

    fn form_key(&self) -> String {
        format!("{}form", self.inner.names.prefix())
    }
}
