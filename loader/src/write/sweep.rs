//! Background work of the write path: batches nobody finishes, rows that a lost call may still have changed, and the
//! heartbeat of the live batches.

use std::collections::HashMap;
use std::time::Duration;

use pipeline::broker::Outgoing;
use pipeline::marks::Marks;
use pipeline::retry::Backoff;
use pipeline::stage::Stage;
use pipeline::telemetry::names;
use proto::v1::{CompanyRef, Lane as WireLane};

use super::{Writer, fate::INVISIBLE};
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::ledger::{Error, Judged, Seen, heartbeat};
use crate::vendor::{Patience, Tried};

/// How often the leases and the verification list are looked through.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Whoever got rows to verify has this long.
const VERIFY_HOLD: Duration = Duration::from_secs(120);

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
pub async fn verify(writer: Writer, marks: Marks) {
    while writer.runtime.shutdown.sleep(LOOK_EVERY).await {
        if !writer.runtime.gate.is_open() || !writer.index.is_known() {
            continue;
        }
        let mut backoff = Backoff::default();
        while let Some(wrong) = verify_some(&writer).await {
            if wrong.is_empty() {
                continue;
            }
            tracing::warn!(
                rows = wrong.len(),
                "rows are not, or may not be, as they were written last; their customers are fetched again"
            );
            metrics::counter!(names::LOADER_LATE_WRITES).increment(wrong.len() as u64);
            while !fetch_again(&writer, &marks, &wrong).await {
                if !writer.runtime.shutdown.sleep(backoff.next_delay()).await {
                    return;
                }
            }
        }
    }
}

/// The customers whose rows are wrong, out of some that were due; `None` when nothing is due, or it cannot be told now.
async fn verify_some(writer: &Writer) -> Option<Vec<String>> {
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
        .into_iter()
        .zip(judged)
        .filter(|(_, judged)| *judged == Judged::Differs);
    Some(wrong.map(|(company, _)| company).collect())
}

/// Asks the extractor for these customers, whatever is known of them.
async fn fetch_again(writer: &Writer, marks: &Marks, companies: &[String]) -> bool {
    if let Err(error) = marks.clear(companies).await {
        writer.runtime.redis_lost(&error);
        return false;
    }
    let references = companies.iter().map(|company| {
        let reference = CompanyRef {
            company_id: company.clone(),
            run_id: "verify".to_owned(),
            lane: WireLane::Live.into(),
            force: true,
            ..CompanyRef::default()
        };
        Outgoing::to(Stage::Extract, &reference)
    });
    writer.publisher.publish(references.collect()).await.is_ok()
}
