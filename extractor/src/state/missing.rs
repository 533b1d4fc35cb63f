//! Customers that OKKI lists and does not show: since when, which state of them was wanted, and which to ask for again.
//!
//! The longer one has been missing, the longer it is left alone between two questions, so that a customer that is gone for
//! good costs a few calls a year.

use super::State;
use pipeline::store::{Error, Script};
use std::{sync::LazyLock, time::Duration};

static MISSING: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("missing.lua")));
static FOUND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("found.lua")));

/// Most missing customers that are kept; the ones that were asked for longest ago go first.
const KEPT: u32 = 100_000;
/// Read at a time when they are looked through.
const PAGE: isize = 500;

/// A missing customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub company_id: String,
    /// The latest listed state, unix seconds.
    pub update_time: i64,
    /// When it was concluded first, unix milliseconds.
    since_ms: i64,
    /// When it was concluded or asked for last.
    last_ms: i64,
}

impl State {
    /// Remembers customers with the states that were wanted.
    pub(crate) async fn record_missing(&self, missing: &[(String, i64)], now_ms: i64) -> Result<(), Error> {
        let mut args = vec![now_ms.to_string(), KEPT.to_string()];
        args.extend(
            missing
                .iter()
                .flat_map(|(id, time)| [id.clone(), time.to_string()]),
        );
        self.store
            .invoke::<()>(&MISSING, &self.missing_keys(), &args)
            .await
    }

    /// Forgets customers that were shown, or whose removal was listed.
    pub(crate) async fn found(&self, ids: &[&str]) -> Result<(), Error> {
        self.store.invoke::<()>(&FOUND, &self.missing_keys(), ids).await
    }

    /// The newest missing customers, and how many are known.
    pub(crate) async fn missing(&self, most: isize) -> Result<(u64, Vec<String>), Error> {
        let key = self.namespace.missing_key();
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD")
            .arg(&key)
            .cmd("ZREVRANGE")
            .arg(&key)
            .arg(0)
            .arg(most - 1);
        Ok(pipe.query_async(&mut *connection).await?)
    }

    /// How many of them have been missing only since then.
    pub(crate) async fn missing_since(&self, ms: i64) -> Result<u64, Error> {
        let mut connection = self.store.connection().await?;
        let count = redis::cmd("ZCOUNT")
            .arg(self.namespace.missing_since_key())
            .arg(ms)
            .arg("+inf")
            .query_async(&mut *connection)
            .await?;
        Ok(count)
    }

    /// They were asked for; whoever was found meanwhile stays forgotten.
    pub(crate) async fn asked_for_missing(&self, asked: &[Missing], now_ms: i64) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("ZADD");
        command.arg(self.namespace.missing_key()).arg("XX");
        for one in asked {
            command.arg(now_ms).arg(&one.company_id);
        }
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// Up to `most` of those that are to be asked for now; none that was asked for within `rest`.
    pub(crate) async fn missing_due(
        &self,
        rest: Duration,
        most: usize,
        now_ms: i64,
    ) -> Result<Vec<Missing>, Error> {
        let latest = now_ms.saturating_sub(i64::try_from(rest.as_millis()).unwrap_or(i64::MAX));
        let (mut due, mut from) = (Vec::new(), 0);
        loop {
            let page = self.missing_page(latest, from).await?;
            if page.is_empty() {
                return Ok(due);
            }
            let room = most - due.len();
            due.extend(page.into_iter().filter(|one| one.is_due(now_ms)).take(room));
            if due.len() >= most {
                return Ok(due);
            }
            from += PAGE;
        }
    }

    async fn missing_page(&self, latest: i64, from: isize) -> Result<Vec<Missing>, Error> {
        let [known, since, wanted] = self.missing_keys();
        let mut connection = self.store.connection().await?;
        let page: Vec<(String, i64)> = redis::cmd("ZRANGEBYSCORE")
            .arg(&known)
            .arg("-inf")
            .arg(latest)
            .arg("WITHSCORES")
            .arg("LIMIT")
            .arg(from)
            .arg(PAGE)
            .query_async(&mut *connection)
            .await?;
        if page.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for (id, _) in &page {
            pipe.cmd("ZSCORE")
                .arg(&since)
                .arg(id)
                .cmd("HGET")
                .arg(&wanted)
                .arg(id);
        }
        let more: Vec<Option<i64>> = pipe.query_async(&mut *connection).await?;
        let both = page.into_iter().zip(more.chunks(2));
        Ok(both
            .map(|((company_id, last_ms), more)| Missing {
                company_id,
                last_ms,
                // A replica of the version before has written neither.
                since_ms: more.first().copied().flatten().unwrap_or(last_ms),
                update_time: more.get(1).copied().flatten().unwrap_or(0),
            })
            .collect())
    }

    fn missing_keys(&self) -> [String; 3] {
        let names = &self.namespace;
        [
            names.missing_key(),
            names.missing_since_key(),
            names.missing_wanted_key(),
        ]
    }
}

impl Missing {
    /// It rests for half of the time for which it had been missing.
    const fn is_due(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.last_ms) >= self.last_ms.saturating_sub(self.since_ms) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_with_the_time_that_it_has_been_missing() {
        let at = |since_ms, last_ms| Missing {
            company_id: "7".into(),
            update_time: 0,
            since_ms,
            last_ms,
        };
        assert!(at(0, 0).is_due(1));
        assert!(!at(0, 1_000).is_due(1_499));
        assert!(at(0, 1_000).is_due(1_500));
        assert!(!at(0, 86_400_000).is_due(86_400_000 + 43_199_999));
    }
}
