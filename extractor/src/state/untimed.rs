//! Customers whose listed row has a time that nobody can read: which state it shows, only the detail says. Published by
//! each window that lists them, they would cost calls without end, so they rest longer and longer in between.

use super::State;
use pipeline::store::Error;

/// The first rest; each further one is twice as long.
const FIRST_MS: i64 = 10_000;
/// Customers that are remembered; the others are published by each window.
const KEPT: usize = 10_000;
/// Without any of them for so long, all are forgotten.
const LIFE_S: i64 = 86_400;

/// How often a customer was published of late, and until when it rests (unix milliseconds on Redis' clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    times: u32,
    until_ms: i64,
}

impl Rest {
    fn read(text: &str) -> Option<Self> {
        let (times, until) = text.split_once(' ')?;
        Some(Self {
            times: times.parse().ok()?,
            until_ms: until.parse().ok()?,
        })
    }

    /// The one that follows a publish at `now_ms`; one that is long over says nothing any more. A clock that was far ahead
    /// must not keep anybody resting.
    fn next(known: Option<Self>, now_ms: i64, longest_ms: i64) -> Self {
        let recent =
            known.filter(|rest| now_ms.saturating_sub(rest.until_ms) <= longest_ms.saturating_mul(4));
        let times = recent.map_or(0, |rest| rest.times);
        let rest_ms = FIRST_MS.saturating_mul(1 << times.min(20)).min(longest_ms);
        Self {
            times: times.saturating_add(1),
            until_ms: now_ms + rest_ms,
        }
    }

    fn is_on(self, now_ms: i64, longest_ms: i64) -> bool {
        (now_ms..=now_ms.saturating_add(longest_ms)).contains(&self.until_ms)
    }
}

impl State {
    /// Says of each of these customers whether it rests, for a rest of at most `longest_ms`.
    pub(crate) async fn resting(&self, ids: &[&str], longest_ms: i64) -> Result<Vec<bool>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let now_ms = self.now_ms().await?;
        let rests = self.rests(ids).await?;
        let is_on = |rest: &Option<Rest>| rest.is_some_and(|rest| rest.is_on(now_ms, longest_ms));
        Ok(rests.iter().map(is_on).collect())
    }

    /// These customers have been published.
    pub(crate) async fn rest(&self, ids: &[&str], longest_ms: i64) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let (now_ms, known) = (self.now_ms().await?, self.rests(ids).await?);
        let key = self.namespace.untimed_key();
        let mut connection = self.store.connection().await?;
        let count: usize = redis::cmd("HLEN").arg(&key).query_async(&mut *connection).await?;
        let mut room = KEPT.saturating_sub(count);
        let mut pipe = redis::pipe();
        for (id, known) in ids.iter().zip(known) {
            if known.is_none() && room == 0 {
                continue;
            }
            room = room.saturating_sub(usize::from(known.is_none()));
            let Rest { times, until_ms } = Rest::next(known, now_ms, longest_ms);
            let text = format!("{times} {until_ms}");
            pipe.cmd("HSET").arg(&key).arg(id).arg(text).ignore();
        }
        pipe.cmd("EXPIRE").arg(&key).arg(LIFE_S).ignore();
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    async fn rests(&self, ids: &[&str]) -> Result<Vec<Option<Rest>>, Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("HMGET");
        command.arg(self.namespace.untimed_key()).arg(ids);
        let texts: Vec<Option<String>> = command.query_async(&mut *connection).await?;
        let read = |text: Option<String>| text.as_deref().and_then(Rest::read);
        Ok(texts.into_iter().map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST_MS: i64 = 150_000;

    #[test]
    fn rests_grow_to_their_bound_and_begin_anew_after_a_while() {
        let (mut rest, mut now) = (None, 1_000_000);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let next = Rest::next(rest, now, LONGEST_MS);
            waits.push((next.until_ms - now) / 1_000);
            assert!(next.is_on(now, LONGEST_MS) && !next.is_on(next.until_ms + 1, LONGEST_MS));
            (rest, now) = (Some(next), next.until_ms + 1);
        }
        assert_eq!(waits, [10, 20, 40, 80, 150, 150]);
        let later = Rest::next(rest, now + 4 * LONGEST_MS, LONGEST_MS);
        assert_eq!(later.times, 1);
        assert_eq!(
            Rest::read(&format!("{} {}", later.times, later.until_ms)),
            Some(later)
        );
        assert_eq!((Rest::read(""), Rest::read("x 1")), (None, None));
    }

    #[test]
    fn a_rest_of_another_clock_keeps_nobody() {
        let ahead = Rest {
            times: 3,
            until_ms: i64::MAX,
        };
        assert!(!ahead.is_on(1_000, LONGEST_MS));
    }
}
