//! Where the listing had rows that name no customer, to list it there again.

use super::State;
use pipeline::store::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Spans that are kept; more of them mean that the listing as a whole has changed.
const KEPT: usize = 500;
/// Waits before a span is listed again, in seconds; after the last one it is only shown.
const WAITS_S: [i64; 9] = [10, 40, 160, 600, 2_400, 9_600, 36_000, 86_400, 86_400];
/// How long a span is shown that was given up.
const SHOWN_MS: i64 = 30 * 86_400_000;

/// A span of update times in which a row named no customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DamagedSpan {
    /// Of the listing of deleted customers.
    pub removed: bool,
    /// First second.
    pub start: Option<i64>,
    /// Last second.
    pub end: i64,
    /// The number that people see in OKKI, of one of its rows.
    pub serial_id: Option<String>,
    /// What is wrong with one of its rows.
    pub reason: String,
    /// How often it was listed again.
    pub tries: usize,
    /// When it is listed again, unix milliseconds on Redis' clock.
    pub due_ms: i64,
}

impl DamagedSpan {
    fn name(&self) -> String {
        let phase = if self.removed { "removed" } else { "changed" };
        format!("{phase}:{}:{}", self.start.unwrap_or(0), self.end)
    }

    /// Nobody lists it again.
    #[must_use]
    pub(crate) fn is_given_up(&self) -> bool {
        self.tries >= WAITS_S.len()
    }

    fn waits_from(&self, now_ms: i64) -> Self {
        let wait_s = WAITS_S.get(self.tries).copied().unwrap_or(0);
        Self {
            due_ms: now_ms + wait_s * 1_000,
            ..self.clone()
        }
    }
}

impl State {
    /// Keeps spans that are new.
    pub(crate) async fn keep_damaged(&self, spans: &[DamagedSpan]) -> Result<(), Error> {
        if spans.is_empty() {
            return Ok(());
        }
        let key = self.namespace.damaged_key();
        let now_ms = self.now_ms().await?;
        let mut connection = self.store.connection().await?;
        let known: usize = redis::cmd("HLEN").arg(&key).query_async(&mut *connection).await?;
        let room = KEPT.saturating_sub(known);
        if spans.len() > room {
            tracing::error!(
                kept = KEPT,
                "too many listed rows name no customer to list all of them again"
            );
        }
        let mut pipe = redis::pipe();
        for span in spans.iter().take(room) {
            let json = super::json(&span.waits_from(now_ms));
            pipe.cmd("HSETNX").arg(&key).arg(span.name()).arg(json).ignore();
        }
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// All of them, those first that are listed again next.
    pub(crate) async fn damaged(&self) -> Result<Vec<DamagedSpan>, Error> {
        let mut connection = self.store.connection().await?;
        let found: BTreeMap<String, String> = redis::cmd("HGETALL")
            .arg(self.namespace.damaged_key())
            .query_async(&mut *connection)
            .await?;
        let spans = found.values().filter_map(|json| serde_json::from_str(json).ok());
        let mut spans: Vec<DamagedSpan> = spans.collect();
        spans.sort_by_key(|span| (span.is_given_up(), span.due_ms));
        Ok(spans)
    }

    /// The ones to list again now, at most so many.
    pub(crate) async fn damaged_due(&self, most: usize) -> Result<Vec<DamagedSpan>, Error> {
        let spans = self.damaged().await?;
        if spans.is_empty() {
            return Ok(spans);
        }
        let now_ms = self.now_ms().await?;
        for old in spans
            .iter()
            .filter(|span| span.is_given_up() && span.due_ms + SHOWN_MS < now_ms)
        {
            self.damaged_again(old, true).await?;
        }
        let is_due = |span: &DamagedSpan| !span.is_given_up() && span.due_ms <= now_ms;
        Ok(spans.into_iter().filter(is_due).take(most).collect())
    }

    /// What listing it again came to: forgotten when every row has named its customer, else due after a longer wait.
    pub(crate) async fn damaged_again(&self, span: &DamagedSpan, is_whole: bool) -> Result<(), Error> {
        let (key, name) = (self.namespace.damaged_key(), span.name());
        let now_ms = self.now_ms().await?;
        let mut connection = self.store.connection().await?;
        let command = if is_whole {
            redis::cmd("HDEL").arg(key).arg(name).to_owned()
        } else {
            let next = DamagedSpan {
                tries: span.tries + 1,
                ..span.clone()
            };
            let json = super::json(&next.waits_from(now_ms));
            redis::cmd("HSET").arg(key).arg(name).arg(json).to_owned()
        };
        Ok(command.query_async::<()>(&mut *connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_until_a_span_is_given_up() {
        let mut span = DamagedSpan {
            removed: false,
            start: Some(6),
            end: 8,
            serial_id: None,
            reason: String::new(),
            tries: 0,
            due_ms: 0,
        };
        let mut last = 0;
        while !span.is_given_up() {
            let due = span.waits_from(1_000).due_ms;
            assert!(due >= last, "{due}");
            last = due;
            span.tries += 1;
        }
        assert_eq!((span.tries, span.name().as_str()), (9, "changed:6:8"));
    }
}
