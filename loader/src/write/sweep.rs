//! Background work of the write path: batches nobody finishes, rows that a lost call may still have changed, and the
//! heartbeat of the live batches.

use std::collections::HashMap;
use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::telemetry::names;
use pipeline::watermarks::Watermarks;

use super::{Writer, fate::INVISIBLE, refetch::NotAsked};
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::ledger::{Due, Error, Judged, Seen, heartbeat};
use crate::vendor::{Patience, Tried};

/// How often the leases and the verification list are looked through.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Whoever got rows to verify has this long; if it dies, nobody may create them meanwhile. A verdict that comes later
/// than this counts for nothing.
const VERIFY_HOLD: Duration = Duration::from_secs(30);

/// Renews the leases of the live batches until the process ends.
pub async fn beat(writer: Writer) {
    let mut beats = tokio::time::interval(heartbeat(writer.ledger.lease()));
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        match writer.registry.renew(&writer.ledger).await {
            Err(Error::NoIndex) => writer.index.lost(),
            Err(error) => tracing::debug!(error = %error, "leases are not renewed"),
            Ok(()) => {}
        }
    }
}

/// Finishes batches whose loader is dead and whose messages nobody has taken yet.
pub async fn sweep(writer: Writer) {
    while writer.runtime.shutdown.sleep(LOOK_EVERY).await {
        if !writer.runtime.gate.is_open() || !writer.index.is_known() {
            continue;
        }
        match writer.ledger.orphans(1).await {
            Ok(batches) => {
                for batch in batches {
                    // `false` only says that it has to wait; the next round looks again.
                    writer
                        .finish(&batch, Patience::new(writer.settings.patience))
                        .await;
                }
            }
            Err(error) => drop(writer.ledger_failed(&error)),
        }
    }
}

/// Reads rows again that a lost call may have changed after the last commit, and has wrong ones fetched again.
pub async fn verify(writer: Writer, marks: Watermarks) {
    while writer.runtime.shutdown.sleep(LOOK_EVERY).await {
        if !writer.runtime.gate.is_open() || !writer.index.is_known() {
            continue;
        }
        let mut backoff = Backoff::default();
        while let Some((due, wrong)) = verify_some(&writer).await {
            if wrong.is_empty() {
                continue;
            }
            let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
            tracing::warn!(
                rows = wrong.len(),
                "rows are not, or may not be, as they were written last; their customers are fetched again"
            );
            metrics::counter!(names::LOADER_LATE_WRITES).increment(wrong.len() as u64);
            while !fetch_again(&writer, &marks, &due, &wrong).await {
                if !writer.runtime.shutdown.sleep(backoff.next_delay()).await {
                    return;
                }
            }
        }
    }
}

/// Some customers that were due, and those of them whose rows are wrong; `None` when nothing is due, or it cannot be told now.
async fn verify_some(writer: &Writer) -> Option<(Due, Vec<String>)> {
    let recognition = writer.index.recognition()?;
    let due = match writer
        .ledger
        .due_for_verification(LARGEST_BATCH, VERIFY_HOLD)
        .await
    {
        Ok(due) if due.companies.is_empty() => return None,
        Ok(due) => due,
        Err(error) => {
            drop(writer.ledger_failed(&error));
            return None;
        }
    };
    failpoint::hit("verify-popped").await;
    let companies: Vec<&str> = due.companies.iter().map(String::as_str).collect();
    let (client, asked, known) = (&writer.vendor.client, &companies, &recognition);
    let patience = Patience::new(VERIFY_HOLD / 2);
    let tried = writer
        .vendor
        .insist(None, &patience, move || client.rows_of(known, asked))
        .await;
    let Tried::Done(found, _) = tried else { return None };
    let found: HashMap<String, _> = found
        .into_iter()
        .filter_map(|(key, rows)| Some((key, rows.into_iter().next()?)))
        .collect();
    let seen: Vec<Seen> = due
        .companies
        .iter()
        .map(|company| match found.get(company) {
            Some(row) => Seen {
                company: company.clone(),
                row_id: row.id.clone(),
                hash: row.hash.clone(),
            },
            None => Seen {
                company: company.clone(),
                row_id: String::new(),
                hash: String::new(),
            },
        })
        .collect();
    let judged = match writer
        .ledger
        .judge(&due, &seen, INVISIBLE, writer.lateness())
        .await
    {
        Ok(judged) => judged,
        Err(error) => {
            drop(writer.ledger_failed(&error));
            return None;
        }
    };
    failpoint::hit("verify-judged").await;
    let wrong = due
        .companies
        .iter()
        .zip(judged)
        .filter(|(_, judged)| *judged == Judged::Differs)
        .map(|(company, _)| company.clone())
        .collect();
    Some((due, wrong))
}

/// Asks for these customers again and takes their rows off the list; `false` when it has to be tried once more.
async fn fetch_again(writer: &Writer, marks: &Watermarks, due: &Due, wrong: &[&str]) -> bool {
    let asked = writer.ask_again(marks, "verify", wrong).await;
    let done = match asked {
        Ok(()) => writer.ledger.verified(due, wrong).await,
        Err(NotAsked::Store(error)) => {
            writer.runtime.redis_lost(&error);
            return false;
        }
        Err(NotAsked::Publish(error)) => {
            tracing::debug!(%error, "customers could not be asked for again");
            return false;
        }
    };
    // Whoever finds them on the list later asks once more, which is harmless.
    if let Err(error) = done {
        drop(writer.ledger_failed(&error));
    }
    true
}
