//! Where the listing had rows that name no customer, or showed nothing, to list it there again.

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

/// The longest wait for a part of the listing, or for many rows, which is never given up: nobody of it is known.
const LONGEST_PART_S: i64 = 600;

/// A span of update times in which a row named no customer, or that was not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DamagedSpan {
    /// Nothing of this part of the listing was shown (`Source::parts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    /// It stands for all for which there was no room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_wide: bool,
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
    /// Since when it is kept, on the same clock; 0: by a release that did not say.
    #[serde(default)]
    pub since_ms: i64,
}

impl DamagedSpan {
    fn name(&self) -> String {
        let phase = if self.removed { "removed" } else { "changed" };
        if let Some(part) = self.part {
            return format!("{phase}:part:{part}");
        }
        if self.is_wide {
            return format!("{phase}:wide");
        }
        let span = format!("{phase}:{}:{}", self.start.unwrap_or(0), self.end);
        match &self.serial_id {
            // One second may hold several.
            Some(number) => format!("{span}:{number}"),
            None => span,
        }
    }

    /// It is what was not shown of this part.
    #[must_use]
    pub(crate) fn is_of(&self, part: usize, removed: bool) -> bool {
        self.part == Some(part) && self.removed == removed
    }

    /// Nobody lists it again.
    #[must_use]
    pub(crate) fn is_given_up(&self) -> bool {
        self.part.is_none() && !self.is_wide && self.tries >= WAITS_S.len()
    }

    fn waits_from(&self, now_ms: i64) -> Self {
        let wait_s = WAITS_S.get(self.tries).copied();
        let wait_s = match self.part.is_some() || self.is_wide {
            true => wait_s.unwrap_or(LONGEST_PART_S).min(LONGEST_PART_S),
            false => wait_s.unwrap_or(0),
        };
        Self {
            due_ms: now_ms + wait_s * 1_000,
            since_ms: match self.since_ms {
                0 => now_ms,
                since => since,
            },
            ..self.clone()
        }
    }
}

impl State {
    /// Keeps spans that are new; says of each whether it is. Windows overlap, and list what they cannot read again.
    pub(crate) async fn keep_damaged(&self, spans: &[DamagedSpan]) -> Result<Vec<bool>, Error> {
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.namespace.damaged_key();
        let now_ms = self.now_ms().await?;
        let mut connection = self.store.connection().await?;
        let known: usize = redis::cmd("HLEN").arg(&key).query_async(&mut *connection).await?;
        let room = KEPT.saturating_sub(known);
        if spans.len() > room {
            tracing::error!(
                kept = KEPT,
                "too many listed rows name no customer to list each of them again; the others are kept as one span"
            );
            for span in together(spans.get(room..).unwrap_or_default()) {
                self.keep_part(span).await?;
            }
        }
        let mut pipe = redis::pipe();
        for span in spans.iter().take(room) {
            let json = super::json(&span.waits_from(now_ms));
            pipe.cmd("HSETNX").arg(&key).arg(span.name()).arg(json);
        }
        let mut is_new: Vec<bool> = pipe.query_async(&mut *connection).await?;
        is_new.resize(spans.len(), true);
        Ok(is_new)
    }

    /// Keeps a span of a part that is not shown, or of many, together with what it has not shown before; whether that is new.
    pub(crate) async fn keep_part(&self, span: DamagedSpan) -> Result<bool, Error> {
        let (key, name) = (self.namespace.damaged_key(), span.name());
        let now_ms = self.now_ms().await?;
        let known = self.kept_span(&name).await?;
        let mut connection = self.store.connection().await?;
        let is_new = known.is_none();
        let span = match known {
            Some(known) => DamagedSpan {
                // No bound is before any.
                start: known.start.min(span.start),
                end: known.end.max(span.end),
                reason: span.reason,
                ..known
            },
            None => span.waits_from(now_ms),
        };
        let json = super::json(&span);
        let mut keep = redis::cmd("HSET");
        keep.arg(key).arg(name).arg(json);
        keep.query_async::<()>(&mut *connection).await?;
        Ok(is_new)
    }

    async fn kept_span(&self, name: &str) -> Result<Option<DamagedSpan>, Error> {
        let mut connection = self.store.connection().await?;
        let known: Option<String> = redis::cmd("HGET")
            .arg(self.namespace.damaged_key())
            .arg(name)
            .query_async(&mut *connection)
            .await?;
        Ok(known.and_then(|json| serde_json::from_str(&json).ok()))
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

    /// Parts of the listing that were not shown.
    pub(crate) async fn kept_parts(&self) -> Result<Vec<DamagedSpan>, Error> {
        let mut spans = self.damaged().await?;
        spans.retain(|span| span.part.is_some());
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
        let kept = match span.part.is_some() || span.is_wide {
            true => self.kept_span(&name).await?,
            false => None,
        };
        // More has been added to it meanwhile, which nobody has listed again.
        let has_grown = kept
            .as_ref()
            .is_some_and(|kept| (kept.start, kept.end) != (span.start, span.end));
        let span = kept.as_ref().unwrap_or(span);
        let command = if is_whole && !has_grown {
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

/// All of them as one span of either listing.
fn together(spans: &[DamagedSpan]) -> Vec<DamagedSpan> {
    let mut wide: Vec<DamagedSpan> = Vec::new();
    for span in spans {
        match wide.iter_mut().find(|wide| wide.removed == span.removed) {
            Some(wide) => (wide.start, wide.end) = (wide.start.min(span.start), wide.end.max(span.end)),
            None => wide.push(DamagedSpan {
                is_wide: true,
                serial_id: None,
                ..span.clone()
            }),
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_becomes_one_span_of_either_listing() {
        let span = |removed, start, end| DamagedSpan {
            part: None,
            is_wide: false,
            removed,
            start,
            end,
            serial_id: Some("7".into()),
            reason: String::new(),
            tries: 0,
            due_ms: 0,
            since_ms: 0,
        };
        let wide = together(&[
            span(false, Some(5), 7),
            span(true, None, 3),
            span(false, Some(2), 4),
            span(false, Some(8), 9),
        ]);
        let spans: Vec<_> = wide
            .iter()
            .map(|span| (span.name(), span.start, span.end))
            .collect();
        assert_eq!(
            spans,
            [
                ("changed:wide".to_owned(), Some(2), 9),
                ("removed:wide".to_owned(), None, 3)
            ]
        );
        let waited = DamagedSpan {
            tries: 50,
            ..wide[0].clone()
        };
        assert!(!waited.is_given_up(), "many customers may be in it");
        assert_eq!(waited.waits_from(0).due_ms, LONGEST_PART_S * 1_000);
    }

    #[test]
    fn waits_grow_until_a_span_is_given_up() {
        let mut span = DamagedSpan {
            part: None,
            is_wide: false,
            removed: false,
            start: Some(6),
            end: 8,
            serial_id: None,
            reason: String::new(),
            tries: 0,
            due_ms: 0,
            since_ms: 0,
        };
        let mut last = 0;
        while !span.is_given_up() {
            let due = span.waits_from(1_000).due_ms;
            assert!(due >= last, "{due}");
            last = due;
            span.tries += 1;
        }
        assert_eq!((span.tries, span.name().as_str()), (9, "changed:6:8"));
        span.part = Some(1);
        assert!(!span.is_given_up(), "of a part nobody is known");
        assert_eq!(
            (span.waits_from(1_000).due_ms, span.name().as_str()),
            (601_000, "changed:part:1")
        );
    }
}
