//! Since which checkpoint the listing has shown nobody, kept beside it for every replica and for `status`.

use super::{RunKind, State};
use pipeline::store::Error;

impl State {
    /// Keeps since which checkpoint the listing has shown nobody, or that it shows somebody again.
    pub(crate) async fn keep_nobody(&self, since: Option<i64>) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let key = self.kind_key(RunKind::Live);
        let mut command = redis::cmd(if since.is_some() { "HSETNX" } else { "HDEL" });
        command.arg(key).arg("nobody").arg(since);
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}
