//! Compares the account with the queues: a customer that is in no queue, in no consumer's hands and has no disposition
//! is lost.
//!
//! The account alone always adds up as long as no key is deleted. What makes it useful is the comparison: an
//! open customer that is older than anything can take, while every queue is empty, has no message any more; and a dead
//! letter that the account has but no dead-letter queue holds was deleted by hand.

use super::{account::Account, balance::Balance, held::Holdings};
use crate::{
    broker::{Broker, depths::Counts},
    stage::Stage,
    store,
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Most customers that are named.
const NAMED: usize = 20;

/// What the account and the queues say together.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BalanceCheck {
    /// All runs of all times.
    pub total: Balance,
    /// Runs with unfinished customers, and the one asked for.
    pub runs: Vec<Balance>,
    /// Messages ready in each queue; `None` when the broker could not be asked.
    pub queues: Option<BTreeMap<String, u32>>,
    /// Dead letters that the account has, by stage; a look at them changes nothing of it.
    pub dead: BTreeMap<String, u64>,
    /// One sentence for each difference.
    pub differences: Vec<String>,
    /// Customers that are open and in no queue: run and company id, the oldest first.
    pub missing: Vec<(String, String)>,
    /// How many of them there are, and dead letters that are gone.
    pub difference: u64,
}

/// Why the account cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("read the account"))]
pub struct Unreadable(#[from] pub store::Error);

/// Balances all unfinished runs (or one run) and compares them with the queues. `patience`: a customer that is open
/// for longer than this while all queues are empty is missing.
///
/// # Errors
/// When Redis does not answer. A broker that does not answer leaves the comparison out and says so.
pub async fn check(
    account: &Account,
    broker: &Broker,
    run: Option<&str>,
    patience: Duration,
    now_ms: i64,
) -> Result<BalanceCheck, Unreadable> {
    let counts = counts(broker).await;
    let held = idle(account, counts.as_ref()).await?;
    let mut check = BalanceCheck {
        queues: counts.map(|counts| counts.ready),
        total: account.total().await?,
        ..BalanceCheck::default()
    };
    let mut names = account.active().await?;
    if let Some(run) = run {
        names.retain(|name| name == run);
        if names.is_empty() {
            names.push(run.to_owned());
        }
    }
    let latest = now_ms.saturating_sub(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
    for name in names {
        let balance = account.balance(&name).await?;
        check.compare_with_itself(&balance);
        if let Some(held) = &held
            && balance.oldest_ms.is_some_and(|oldest| oldest < latest)
        {
            check.find_missing(account, &balance, held, latest).await?;
        }
        for (stage, count) in account.dead(&name).await? {
            *check.dead.entry(stage).or_default() += count;
        }
        check.runs.push(balance);
    }
    // Letters of one run cannot be distinguished from those of others in a queue's length.
    if held.is_some() && run.is_none() {
        check.compare_dead(account, broker, now_ms, latest).await?;
    }
    if run.is_none() {
        let total = check.total.clone();
        check.compare_with_itself(&total);
    }
    Ok(check)
}

impl BalanceCheck {
    fn compare_with_itself(&mut self, balance: &Balance) {
        let difference = balance.difference();
        if difference != 0 {
            self.difference += difference.unsigned_abs();
            let what = if difference > 0 {
                words::text!("listed customers are missing from")
            } else {
                words::text!("more dispositions than customers are in")
            };
            let count = difference.abs();
            self.differences.push(words::tr!(
                "{}: {count} {what} the account; keys were deleted or evicted",
                balance.run
            ));
        }
    }

    async fn find_missing(
        &mut self,
        account: &Account,
        balance: &Balance,
        held: &Holdings,
        latest: i64,
    ) -> Result<(), store::Error> {
        let most = usize::try_from(balance.in_flight).unwrap_or(usize::MAX);
        let open = account.open(&balance.run, most).await?;
        let missing: Vec<_> = open
            .into_iter()
            .take_while(|(_, since)| *since < latest)
            .filter(|(company_id, _)| !held.holds(&balance.run, company_id))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let count = missing.len();
        self.difference += count as u64;
        self.differences.push(words::tr!(
            "{}: {count} customers are in no queue and in no row",
            balance.run
        ));
        let room = NAMED.saturating_sub(self.missing.len());
        let named = missing.into_iter().take(room);
        self.missing
            .extend(named.map(|(company_id, _)| (balance.run.clone(), company_id)));
        Ok(())
    }

    /// A letter that is being put back is in no queue for a moment, so it counts as gone only after a while.
    async fn compare_dead(
        &mut self,
        account: &Account,
        broker: &Broker,
        now_ms: i64,
        latest: i64,
    ) -> Result<(), store::Error> {
        for stage in Stage::ALL {
            let queue = broker.namespace().dead_queue(stage);
            let queues = self.queues.as_ref();
            let there = queues.and_then(|queues| queues.get(&queue)).copied().unwrap_or(0);
            let known = self.dead.get(stage.name()).copied().unwrap_or(0);
            // Whoever browses holds letters, which are in no queue's length either.
            let gone = if account.is_browsed(stage).await? || account.has_dead_bundles(stage).await? {
                // Of letters that carry many records the queue's length says nothing, either.
                0
            } else {
                known.saturating_sub(there.into())
            };
            let since = account.gone_since(stage, gone > 0, now_ms).await?;
            if since.is_some_and(|since| since <= latest) {
                self.difference += gone;
                self.differences.push(words::tr!(
                    "{gone} dead letters of {queue} are gone without replay or discard"
                ));
            }
        }
        Ok(())
    }
}

/// What consumers hold while nothing waits for work or for another attempt; `None` when a message may be anywhere.
pub(super) async fn idle(
    account: &Account,
    counts: Option<&Counts>,
) -> Result<Option<Holdings>, store::Error> {
    let Some(counts) = counts.filter(|counts| is_idle(&counts.ready)) else {
        return Ok(None);
    };
    let held = account.held().ask(counts.consumers > 0).await?;
    Ok((!held.uncertain && held.unnamed == 0).then_some(held))
}

fn is_idle(queues: &BTreeMap<String, u32>) -> bool {
    queues
        .iter()
        .all(|(queue, depth)| *depth == 0 || queue.ends_with(".dead"))
}

/// Messages and consumers of every queue of the namespace. A queue that has not been declared yet is left out.
pub(super) async fn counts(broker: &Broker) -> Option<Counts> {
    match broker.counts(&broker.queues(&Stage::ALL)).await {
        Ok(counts) => Some(counts),
        Err(error) => {
            tracing::debug!(%error, "queues cannot be counted");
            None
        }
    }
}
