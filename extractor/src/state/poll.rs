//! How polling stands, for all replicas: when the next poll is due and why, which run polls have asked for, and what of
//! their share of the quota they have used.
//!
//! Nothing here decides what is listed. Lost, it is begun anew with the next poll.

use super::State;
use pipeline::store::{Error, Script};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

static POLL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("poll.lua")));

/// What made the interval what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// Something has changed a moment ago.
    Changes,
    /// Nothing changes.
    Quiet,
    /// The share of the quota allows no more.
    Share,
    /// Polls fail.
    Failing,
    /// Polls show changes that runs do not find.
    Vain,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Quiet => "quiet",
            Self::Share => "share",
            Self::Failing => "failing",
            Self::Vain => "vain",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Changes, Self::Quiet, Self::Share, Self::Failing, Self::Vain];
        all.into_iter().find(|why| why.name() == name)
    }
}

/// How polling stands, times on Redis' clock in unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PollState {
    /// The next poll is due then, if the share allows it.
    pub next_ms: i64,
    /// Between the last poll and the next one.
    pub interval_ms: i64,
    /// Why it is so long.
    pub why: Option<Why>,
    /// Changes wait for a live run that begins then.
    pub run_at_ms: Option<i64>,
    /// Polls that have failed in a row.
    pub failures: u32,
    /// Runs in a row that have found nothing of what polls had shown.
    pub vain: u32,
    /// From then on the share of the quota allows another call.
    pub paid_ms: i64,
    /// The longest interval there can be: `EVERY`.
    pub longest_ms: i64,
    /// Redis' clock when it answered.
    pub redis_ms: i64,
}

/// What calls cost of the share, in milliseconds of the time in which it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Of the calls that were made.
    pub cost_ms: i64,
    /// What can be saved up.
    pub burst_ms: i64,
}

impl PollState {
    /// The interval as it really is, and why; nothing when nobody polls.
    pub(crate) fn pace(&self) -> Option<(i64, Why)> {
        let why = self.why?;
        let held_back = self.paid_ms.saturating_sub(self.next_ms);
        if held_back <= 0 {
            return Some((self.interval_ms, why));
        }
        let interval = self.interval_ms.saturating_add(held_back);
        Some((interval.min(self.longest_ms.max(self.interval_ms)), Why::Share))
    }
}

impl State {
    /// The lease under which one replica polls.
    #[must_use]
    pub(crate) fn poll_lease_key(&self) -> String {
        self.namespace.listing_lease_key("poll")
    }

    /// How polling stands.
    pub(crate) async fn poll(&self) -> Result<PollState, Error> {
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL").arg(self.namespace.poll_key()).cmd("TIME");
        let (fields, (seconds, micros)): (BTreeMap<String, String>, (i64, i64)) =
            pipe.query_async(&mut *connection).await?;
        let number = |name: &str| fields.get(name).and_then(|text| text.parse::<i64>().ok());
        let small = |name: &str| fields.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(PollState {
            next_ms: number("next_ms").unwrap_or(0),
            interval_ms: number("interval_ms").unwrap_or(0),
            why: fields.get("why").and_then(|name| Why::named(name)),
            run_at_ms: number("run_at_ms"),
            failures: small("failures"),
            vain: small("vain"),
            paid_ms: number("paid_ms").unwrap_or(0),
            longest_ms: number("longest_ms").unwrap_or(0),
            redis_ms: seconds * 1_000 + micros / 1_000,
        })
    }

    /// Keeps how polling stands, and charges what it has cost; what is due already is in `charge`, not in `state`.
    pub(crate) async fn keep_poll(&self, state: &PollState, charge: Charge) -> Result<(), Error> {
        let number = |number: i64| number.to_string();
        let kept = state.longest_ms.saturating_mul(2).max(600_000);
        let mut args = vec![number(charge.cost_ms), number(charge.burst_ms), number(kept)];
        let mut set = |name: &str, value: String| args.extend([name.to_owned(), value]);
        set("next_ms", number(state.next_ms));
        set("interval_ms", number(state.interval_ms));
        set(
            "why",
            state.why.map_or_else(String::new, |why| why.name().to_owned()),
        );
        set("run_at_ms", state.run_at_ms.map_or_else(String::new, number));
        set("failures", state.failures.to_string());
        set("vain", state.vain.to_string());
        set("longest_ms", number(state.longest_ms));
        self.store
            .invoke::<()>(&POLL, &[self.namespace.poll_key()], &args)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_the_share_holds_back_says_so() {
        let state = PollState {
            next_ms: 20_000,
            interval_ms: 10_000,
            why: Some(Why::Quiet),
            paid_ms: 15_000,
            longest_ms: 300_000,
            ..PollState::default()
        };
        assert_eq!(state.pace(), Some((10_000, Why::Quiet)));
        let held = |paid_ms| {
            PollState {
                paid_ms,
                ..state.clone()
            }
            .pace()
        };
        assert_eq!(held(50_000), Some((40_000, Why::Share)));
        assert_eq!(held(i64::MAX), Some((300_000, Why::Share)));
        assert_eq!(PollState::default().pace(), None);
    }

    #[test]
    fn every_reason_has_a_name_that_is_read_again() {
        for why in [Why::Changes, Why::Quiet, Why::Share, Why::Failing, Why::Vain] {
            assert_eq!(Why::named(why.name()), Some(why));
            assert_eq!(serde_json::to_value(why).unwrap(), why.name());
        }
    }
}
