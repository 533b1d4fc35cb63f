//! Among many rows of which a push did not say whose they are, finds those that the ledger knows, without asking the
//! vendor: a key cell that somebody has cleared or overwritten must not wait behind a flood of rows that nobody has.

use std::collections::HashSet;

use super::Pushes;
use super::deal::NotNow;

impl Pushes {
    /// As often as the ledger may be searched (`owners`). Losing it costs time only.
    pub(super) async fn sift(&self) {
        if self.owners.wait().is_some() {
            return;
        }
        let rows = match self.inbox.unknown().await {
            Ok(rows) => rows,
            Err(error) => return self.writer.runtime.redis_lost(&error),
        };
        let rows: HashSet<&str> = rows.iter().map(String::as_str).collect();
        match self.owners.find(&self.writer.ledger, &rows).await {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                if let Err(error) = self.inbox.promote(found.into_keys()).await {
                    self.writer.runtime.redis_lost(&error);
                }
            }
            Err(error) => {
                let NotNow = self.failed(&error);
            }
        }
    }
}
