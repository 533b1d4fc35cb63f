//! Customers that are open and have no message any more, for the extractor, which can send one.
//!
//! A leader that dies between opening a customer and publishing its ref leaves one behind when the customer changes
//! before the successor lists it: it is in a later window then. A Redis that comes back without its last second has
//! forgotten some dispositions. In both cases the customer itself is fine and only its account is not; asking for it once
//! more closes them, and would bring back a customer that was really lost.

use super::{
    account::Account,
    check::{counts, idle},
};
use crate::{broker::Broker, store::Error};
use std::time::Duration;

/// Most customers that are asked for at a time.
const MOST: usize = 500;

/// Customers (run and company id) that are open for longer than `patience` while every queue is empty and no consumer
/// holds their message, the oldest runs first. Costs one call while nothing is that old.
///
/// # Errors
/// When Redis does not answer. A broker that does not answer gives none.
pub async fn lost(
    account: &Account,
    broker: &Broker,
    patience: Duration,
    now_ms: i64,
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let latest = now_ms.saturating_sub(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
    if account
        .total()
        .await?
        .oldest_ms
        .is_none_or(|oldest| oldest >= latest)
    {
        return Ok(Vec::new());
    }
    let Some(held) = idle(account, counts(broker).await.as_ref()).await? else {
        return Ok(Vec::new());
    };
    let (mut found, mut room) = (Vec::new(), MOST);
    for run in account.active().await? {
        let open = account.open(&run, room).await?;
        let old: Vec<String> = open
            .into_iter()
            .take_while(|(_, since)| *since < latest)
            .map(|(company, _)| company)
            .filter(|company| !held.holds(&run, company))
            .collect();
        room -= old.len().min(room);
        if !old.is_empty() {
            found.push((run, old));
        }
        if room == 0 {
            break;
        }
    }
    Ok(found)
}
