//! Customers of which a newer state was handed on than OKKI shows: their update time was taken back, as when it was wrong for a
//! while, or when somebody was restored with the one of before. Every state that follows would be older than that, for ever.
//!
//! An answer of a replica that is behind looks the same, so one answer is none: the listing and the detail have to agree on
//! the older time, twice, with some seconds between. Then what was handed on is set back: states that are listed, or asked
//! for, from then on are handed on above it, as those of customers who come back after a removal.

use crate::{
    deleted::{Existing, Listing},
    failure_scope::{FailureScope, Scope},
    okki::{Client, Error, ListItem},
};
use pipeline::{
    quota::Lane,
    sequence,
    service::Runtime,
    store,
    version::Version,
    watermarks::{Watermarks, standing::Standing},
};
use std::time::Duration;
use tokio::time::Instant;

/// Between the two looks. A replica that is behind by more shows itself again at the next listing.
const BETWEEN: Duration = Duration::from_secs(10);
/// Rows of a page, where only a few customers are asked for.
pub(crate) const ROWS: u32 = 200;

/// Asks OKKI whether it has taken update times back.
pub(crate) struct Looks<'a> {
    pub rt: &'a Runtime,
    pub client: &'a Client,
    pub watermarks: &'a Watermarks,
    pub scope: &'a FailureScope,
    pub lane: Lane,
    /// Rows of a page of the listing.
    pub count: u32,
}

/// What both looks have shown.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Listing and detail agree on an older state than was handed on.
    pub ahead: Vec<ListItem>,
    /// Their details cannot be read while others can.
    pub failed: Vec<String>,
    /// Details show a newer state than was handed on, and the listing does not show its time: they cannot be compared.
    pub newer: Vec<ListItem>,
    /// Listing and detail disagree, or show what was handed on: an ordinary race.
    pub others: u64,
}

/// Whether a newer state was handed on than one with this update time; a removal that comes later is another matter.
pub(crate) fn is_ahead(shown: i64, standing: &Standing) -> bool {
    shown > 0 && !standing.is_gone() && standing.last_shown() > Some(shown)
}

/// Whether the last state that was handed on is older than one with this update time.
fn is_newer(shown: i64, standing: &Standing) -> bool {
    shown > 0 && !standing.is_gone() && standing.last_shown().is_some_and(|last| last < shown)
}

impl Looks<'_> {
    /// Who of these is ahead of OKKI.
    pub(crate) async fn look_twice(&self, ids: &[String]) -> Result<Seen, Error> {
        let mut first = self.look(ids).await?;
        if first.ahead.is_empty() {
            return Ok(first);
        }
        tokio::time::sleep(BETWEEN).await;
        let ids: Vec<String> = first.ahead.iter().map(|item| item.company_id.clone()).collect();
        let second = self.look(&ids).await?;
        let before = first.ahead.len() as u64;
        first.ahead.retain(|item| second.ahead.contains(item));
        first.others += before - first.ahead.len() as u64 - second.failed.len() as u64;
        first.failed.extend(second.failed);
        Ok(first)
    }

    /// The same by one look, for a caller that has looked before.
    pub(crate) async fn look(&self, ids: &[String]) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        for id in ids {
            let begun = Instant::now();
            match self.client.detail(self.lane, id).await {
                Ok(detail) => {
                    self.scope.answered(id, &detail, begun);
                    let update_time = detail.update_time.unwrap_or(0);
                    seen.ahead.push(ListItem {
                        company_id: id.clone(),
                        update_time,
                    });
                }
                Err(Error::NotFound { .. }) => seen.others += 1,
                Err(error) if self.is_of_all(id, &error, begun).await => return Err(error),
                Err(_) => seen.failed.push(id.clone()),
            }
        }
        let answered = std::mem::take(&mut seen.ahead);
        let ids: Vec<&str> = answered.iter().map(|item| item.company_id.as_str()).collect();
        // After the details: what is handed on meanwhile is no longer behind.
        let standings = self.watermarks.standings(&ids).await?;
        let (mut older, mut newer) = (Vec::new(), Vec::new());
        for (item, standing) in answered.into_iter().zip(standings) {
            match is_ahead(item.update_time, &standing) {
                true => older.push(item),
                false if is_newer(item.update_time, &standing) => newer.push(item),
                false => seen.others += 1,
            }
        }
        let times: Vec<i64> = older.iter().chain(&newer).map(|item| item.update_time).collect();
        let mut listed = Vec::new();
        for part in 0..self.client.source().parts() {
            let (client, lane) = (self.client, self.lane);
            listed.push(Existing::around(&Listing { client, lane, part }, &times, self.count).await?);
        }
        let is_listed = |item: &ListItem| {
            let agrees = |existing: &Existing| existing.time_of(&item.company_id) == Some(item.update_time);
            listed.iter().any(agrees)
        };
        for item in older {
            match is_listed(&item) {
                true => seen.ahead.push(item),
                false => seen.others += 1,
            }
        }
        for item in newer {
            match is_listed(&item) {
                // A change of now, which the next window lists.
                true => seen.others += 1,
                false => seen.newer.push(item),
            }
        }
        Ok(seen)
    }

    async fn is_of_all(&self, id: &str, error: &Error, begun: Instant) -> bool {
        matches!(error, Error::Quota(_) | Error::Store(_))
            || self.scope.of(id, error, begun).await == Scope::Everybody
    }

    /// What was handed on of these customers is over: refs that are published from now on are handed on above it.
    pub(crate) async fn set_back(&self, items: &[ListItem]) -> Result<(), store::Error> {
        let ids: Vec<&str> = items.iter().map(|item| item.company_id.as_str()).collect();
        let standings = self.watermarks.standings(&ids).await?;
        for (item, standing) in items.iter().zip(standings) {
            let Some(update_time) = standing.newest() else {
                continue;
            };
            let sequence = sequence::next(&self.rt.store, &self.rt.namespace, 1).await?;
            let over = Version {
                update_time,
                sequence,
            };
            self.watermarks.record_removed(&item.company_id, over).await?;
            tell_set_back(&item.company_id, item.update_time, update_time);
        }
        Ok(())
    }

    /// Sets back who of these is ahead.
    pub(crate) async fn set_back_these(&self, ids: &[String]) -> Result<(), Error> {
        let standings = self.watermarks.standings(ids).await?;
        let known = ids
            .iter()
            .zip(standings)
            .filter(|(_, one)| one.newest().is_some());
        let known: Vec<String> = known.map(|(id, _)| id.clone()).collect();
        let seen = self.look_twice(&known).await?;
        Ok(self.set_back(&seen.ahead).await?)
    }
}

pub(crate) fn tell_set_back(company_id: &str, shown: i64, handed_on: i64) {
    tracing::warn!(
        company_id,
        shown = crate::okki::time::format(shown),
        handed_on = crate::okki::time::format(handed_on),
        "okki has taken an update time back, what it shows now is handed on as the newest state"
    );
}
