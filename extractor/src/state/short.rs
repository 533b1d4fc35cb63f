//! How many customers a window was not shown, and what that is taken for.

use super::{Run, RunKind, State};
use pipeline::store::Error;
use serde::Deserialize;

/// Whoever was not made again for so long begins with the first rest.
const FORGOTTEN_MS: i64 = 2 * 86_400_000;

impl State {
    /// Whether a first load may be made again: each time after twice the rest of before, whichever replica asks, and however
    /// often it was started meanwhile.
    pub(crate) async fn may_remake(&self, (least, most): (i64, i64)) -> Result<bool, Error> {
        let (now, key) = (self.now_ms().await?, self.kind_key(RunKind::First));
        let mut connection = self.store.connection().await?;
        let (at, rest): (Option<i64>, Option<i64>) = redis::cmd("HMGET")
            .arg(&key)
            .arg(&["remade_ms", "remade_rest_ms"])
            .query_async(&mut *connection)
            .await?;
        let Some(rest) = next_rest(now, at.zip(rest), (least, most)) else {
            return Ok(false);
        };
        redis::cmd("HSET")
            .arg(&key)
            .arg("remade_ms")
            .arg(now)
            .arg("remade_rest_ms")
            .arg(rest)
            .query_async::<()>(&mut *connection)
            .await?;
        Ok(true)
    }
}

/// The rest from now on, milliseconds; nothing while the one of before is not over. A time that lies ahead was another clock's.
fn next_rest(now: i64, before: Option<(i64, i64)>, (least, most): (i64, i64)) -> Option<i64> {
    match before.filter(|(at, _)| (0..FORGOTTEN_MS).contains(&(now - at))) {
        Some((at, rest)) if now - at < rest => None,
        Some((_, rest)) => Some(rest.saturating_mul(2).clamp(least, most)),
        None => Some(least),
    }
}

impl Run {
    /// How many customers OKKI counts in the window, where it has shown fewer: one of both is wrong.
    #[must_use]
    pub(crate) fn falls_short_of(&self) -> Option<u64> {
        self.expected.filter(|_| self.short > 0)
    }

    /// Whether those are so many that somebody has to know at once. By a few a total may be too large.
    #[must_use]
    pub(crate) fn is_far_short(&self) -> bool {
        self.short >= 20 || self.short >= self.expected.unwrap_or(0).div_ceil(10).max(1)
    }

    /// Whether by so much a total may be too large: a part of it, and not where nobody was shown.
    pub(crate) const fn may_be_overstated(&self) -> bool {
        self.seen > 0 && self.short.saturating_mul(10) < self.seen.saturating_add(self.short)
    }

    /// Forgets what was shown, of which this process knows only a part.
    pub(crate) fn count_anew(&mut self) {
        self.shown.clear();
        self.seen = 0;
    }

    /// What is told of a window that was not shown whole, as JSON.
    pub(super) fn shortfall(&self) -> Option<String> {
        let expected = self.falls_short_of()?;
        let short =
            serde_json::json!({ "short": self.short, "expected": expected, "at_ms": self.finished_ms });
        Some(short.to_string())
    }
}

/// Reads what [`Run::shortfall`] has told.
pub(super) fn lacks_a_tenth(json: &str) -> bool {
    #[derive(Deserialize)]
    struct Shortfall {
        short: u64,
        expected: u64,
    }
    serde_json::from_str(json)
        .is_ok_and(|told: Shortfall| told.short > 0 && told.short.saturating_mul(10) >= told.expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_whoever_is_started_in_between() {
        let limits = (30_000, 3_600_000);
        assert_eq!(next_rest(1_000_000, None, limits), Some(30_000));
        assert_eq!(next_rest(1_020_000, Some((1_000_000, 30_000)), limits), None);
        assert_eq!(
            next_rest(1_031_000, Some((1_000_000, 30_000)), limits),
            Some(60_000)
        );
        assert_eq!(
            next_rest(9_000_000, Some((1_000_000, 3_600_000)), limits),
            Some(3_600_000)
        );
        assert_eq!(
            next_rest(FORGOTTEN_MS, Some((0, 3_600_000)), limits),
            Some(30_000)
        );
        assert_eq!(next_rest(1_000, Some((9_000_000, 30_000)), limits), Some(30_000));
    }
}
