//! Past a row that cannot be read: every page that would show it fails, while others are answered. Smaller pages lead up to
//! it, and then its id is searched for, so that the comparison goes on behind it.

use serde_json::{Map, Value};

use super::compare::{Comparison, away};
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::types::Reply;

/// What comes behind a cursor whose page fails.
pub(super) enum Behind {
    /// Rows before the one that cannot be read.
    Rows(Vec<Map<String, Value>>),
    /// The id of that one.
    Unreadable(String),
}

impl Comparison<'_> {
    /// Goes up to the row that makes the page behind this cursor fail.
    pub(super) async fn past(&self, cursor: &str) -> anyhow::Result<Behind> {
        let mut limit = LARGEST_BATCH / 2;
        while limit > 0 {
            if let Some(rows) = self.some(cursor, limit).await? {
                return Ok(Behind::Rows(rows));
            }
            limit /= 2;
        }
        // The page behind `low` fails, and the one behind `high` does not.
        let Ok(mut low) = u128::from_str_radix(if cursor.is_empty() { "0" } else { cursor }, 16) else {
            return Err(away(self.writer));
        };
        let mut high = (1 << 96) - 1;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.some(&row_id(middle), 1).await? {
                Some(_) => high = middle,
                None => low = middle,
            }
        }
        let found = row_id(high);
        // The vendor may have gone away meanwhile, and then it was about everybody.
        match self.some(&found, 1).await? {
            Some(_) => Ok(Behind::Unreadable(found)),
            None => Err(away(self.writer)),
        }
    }

    /// At most so many rows behind this cursor; `None` when they cannot be shown.
    async fn some(&self, cursor: &str, limit: usize) -> anyhow::Result<Option<Vec<Map<String, Value>>>> {
        let client = &self.writer.vendor.client;
        self.insist(move || async move {
            match client.list_some(cursor, limit).await {
                Reply::Ok(rows) => Reply::Ok(Some(rows)),
                Reply::Refused(refusal) if refusal.asks_to_wait() => Reply::Refused(refusal),
                Reply::Unsent(reason) => Reply::Unsent(reason),
                Reply::Refused(_) | Reply::Unknown(_) => Reply::Ok(None),
            }
        })
        .await
    }
}

fn row_id(number: u128) -> String {
    format!("{number:024x}")
}
