//! Past a row that cannot be read: every page that would show it fails, while others are answered. Smaller pages lead up to
//! it, and then its id is searched for, so that whoever reads the form goes on behind it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::types::Reply;
use crate::vendor::{Patience, Tried, Vendor};

/// A call that fails is repeated for this long, outages included.
const PATIENCE: Duration = Duration::from_secs(120);

/// What comes behind a cursor whose page fails.
pub(crate) enum Behind {
    /// Rows before the one that cannot be read.
    Rows(Vec<Map<String, Value>>),
    /// The id of that one.
    Unreadable(String),
}

/// The form cannot be read at all now.
#[derive(Debug)]
pub(crate) struct Away;

impl Vendor {
    /// Goes up to the row that makes the page behind this cursor fail.
    pub(crate) async fn past(&self, cursor: &str) -> Result<Behind, Away> {
        let mut limit = LARGEST_BATCH / 2;
        while limit > 0 {
            if let Some(rows) = self.some_behind(cursor, limit).await? {
                return Ok(Behind::Rows(rows));
            }
            limit /= 2;
        }
        // The page behind `low` fails, and the one behind `high` does not.
        let low = u128::from_str_radix(if cursor.is_empty() { "0" } else { cursor }, 16);
        let Ok(mut low) = low else { return Err(Away) };
        let mut high = (1 << 96) - 1;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.some_behind(&row_id(middle), 1).await? {
                Some(_) => high = middle,
                None => low = middle,
            }
        }
        let found = row_id(high);
        // The vendor may have gone away meanwhile, and then it was about everybody.
        match self.some_behind(&found, 1).await? {
            Some(_) => Ok(Behind::Unreadable(found)),
            None => Err(Away),
        }
    }

    /// At most so many rows behind this cursor; `None` when they cannot be shown.
    async fn some_behind(&self, cursor: &str, limit: usize) -> Result<Option<Vec<Map<String, Value>>>, Away> {
        let client = &self.client;
        let patience = Patience::new(PATIENCE);
        let tried = self
            .insist_paused(&patience, move || async move {
                match client.list_some(cursor, limit).await {
                    Reply::Ok(rows) => Reply::Ok(Some(rows)),
                    Reply::Refused(refusal) if refusal.asks_to_wait() => Reply::Refused(refusal),
                    Reply::Unsent(reason) => Reply::Unsent(reason),
                    Reply::Refused(_) | Reply::Unknown(_) => Reply::Ok(None),
                }
            })
            .await;
        match tried {
            Tried::Done(rows, _) => Ok(rows),
            Tried::Refused(..) | Tried::Lost | Tried::Held | Tried::Aside => Err(Away),
        }
    }
}

fn row_id(number: u128) -> String {
    format!("{number:024x}")
}
