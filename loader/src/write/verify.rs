//! Rows that a call of unknown outcome may still change: put on a list, read again when no such call can land any more,
//! and fetched again when they are not as they were committed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::readable::Shown;
use super::refetch::NotAsked;
use crate::failpoint;
use crate::index::VISIBLE_AFTER;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::FoundRow;
use crate::jdy::lookup::Recognition;
use crate::ledger::{Due, Error, Judged, KnownRow, Member, Seen};
use crate::vendor::Patience;

/// How long a row that was written may be missing from queries.
pub(super) const INVISIBLE: Duration = VISIBLE_AFTER;
/// How often Redis is asked for rows that are due.
const VERIFY_EVERY: Duration = Duration::from_secs(5);
/// Between two looks for a hundred of them: a fifth of the vendor's reads, as the walk over the form takes.
const VERIFY_PAUSE: Duration = Duration::from_millis(150);
/// A loader that got rows to verify has this long; if it dies, no loader may create them meanwhile. A judgement that comes
/// later than this counts for nothing.
const VERIFY_HOLD: Duration = Duration::from_secs(30);

/// Customers that could not be put on the list, because Redis was away: as many at most as were being written then.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<BTreeSet<String>>);

impl Owed {
    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, companies: &[&str]) {
        let mut owed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        owed.extend(companies.iter().map(|company| (*company).to_owned()));
    }
}

impl Writer {
    /// Puts rows on the list of those to be read again; while Redis is away they are remembered for it.
    pub(super) async fn verify_soon(&self, companies: &[&str]) {
        if companies.is_empty() || self.index.recognition().is_none() {
            return;
        }
        match self.ledger.verify_later(companies, self.lateness()).await {
            Ok(()) => {}
            Err(Error::Store(cause)) => {
                tracing::warn!(
                    error = pipeline::cause::logged(&cause),
                    rows = companies.len(),
                    "rows cannot be put on the list for verification yet"
                );
                self.owed.add(companies);
            }
            // Without an index there is no list either: the next index verifies what was written lately.
            Err(error) => drop(self.ledger_failed(&error)),
        }
    }

    /// Puts the rows on the list that could not be put there before.
    async fn verify_owed(&self) {
        let owed = self.owed.take();
        let companies: Vec<&str> = owed.iter().map(String::as_str).collect();
        self.verify_soon(&companies).await;
    }

    /// After this time a call that was given up cannot change anything any more, and what it changed can be seen.
    pub(crate) fn lateness(&self) -> Duration {
        self.vendor.client.timeout() + self.settings.late + INVISIBLE
    }

    /// Whether a row without its customer's key is the one that was placed: ids may have come in another order.
    fn is_placed_there(&self, known: &KnownRow, row: &FoundRow) -> bool {
        row.is_key_right || known.hash.as_ref() == Some(&row.content) || !self.order.is_broken()
    }

    /// The batch was lost while a call for these rows may have been under way.
    pub(super) async fn lease_lost(&self, work: &Work<'_>, group: &[Member]) -> Vec<Ended> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        tracing::warn!(
            batch = work.live.batch,
            rows = group.len(),
            "lease was lost before the answer"
        );
        self.verify_soon(&companies).await;
        all(group, &MemberEnd::Again)
    }
}

/// Reads rows again that a lost call may have changed after the last commit, and has wrong ones fetched again.
pub(crate) async fn verify(writer: Writer) {
    while writer.runtime.shutdown.sleep(VERIFY_EVERY).await {
        writer.verify_owed().await;
        if !writer.runtime.gate.is_open() || !writer.index.is_known() {
            continue;
        }
        writer.verify_gap().await;
        let mut backoff = Backoff::default();
        while let Some((due, wrong)) = verify_some(&writer).await {
            if !writer.runtime.shutdown.sleep(VERIFY_PAUSE).await {
                return;
            }
            if wrong.is_empty() {
                continue;
            }
            let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
            tracing::warn!(
                rows = wrong.len(),
                "rows are not, or may not be, as they were written last; their customers are fetched again"
            );
            writer.form.suspect();
            metrics::counter!(names::LOADER_LATE_WRITES).increment(wrong.len() as u64);
            while !fetch_again(&writer, &due, &wrong).await {
                if !writer.runtime.shutdown.sleep(backoff.next_delay()).await {
                    return;
                }
            }
        }
    }
}

/// Some customers that were due, and those of them whose rows are wrong; `None` when nothing is due, or the form cannot be read now.
async fn verify_some(writer: &Writer) -> Option<(Due, Vec<String>)> {
    let recognition = writer.index.recognition()?;
    let mut due = match writer
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
    let read = read_due(writer, &recognition, &due).await?;
    let (seen, placed): (Vec<Seen>, Vec<bool>) = read.into_iter().unzip();
    // A row that cannot be read alone stays on the list.
    due.companies = seen.iter().map(|seen| seen.company.clone()).collect();
    let judged = match writer
        .ledger
        .judge(&due, &seen, INVISIBLE, writer.lateness(), writer.lateness())
        .await
    {
        Ok(judged) => judged,
        Err(error) => {
            drop(writer.ledger_failed(&error));
            return None;
        }
    };
    failpoint::hit("verify-judged").await;
    let outcomes = seen.iter().zip(placed).zip(&judged);
    let lost = outcomes
        .filter(|((seen, placed), judged)| *placed && seen.row_id.is_empty() && **judged == Judged::Differs);
    let lost = lost.count();
    if lost > 0 {
        writer.confirmed_in_vain(lost).await;
    }
    let wrong = due
        .companies
        .iter()
        .zip(judged)
        .filter(|(_, judged)| *judged == Judged::Differs)
        .map(|(company, _)| company.clone())
        .collect();
    Some((due, wrong))
}

/// What the form shows for these customers, and whose rows were placed by an answer; `None` when it cannot be read now.
async fn read_due(writer: &Writer, recognition: &Recognition, due: &Due) -> Option<Vec<(Seen, bool)>> {
    let companies: Vec<&str> = due.companies.iter().map(String::as_str).collect();
    let patience = Patience::new(VERIFY_HOLD / 2);
    let known = writer.ledger.known_rows(&companies).await;
    let known = known.map_err(|error| drop(writer.ledger_failed(&error))).ok()?;
    let known: Vec<KnownRow> = known.into_iter().map(Option::unwrap_or_default).collect();
    // A row whose key a person has touched is not gone, and neither is one that a call has placed.
    let rows: Vec<(&str, &str)> = companies
        .iter()
        .zip(&known)
        .map(|(company, known)| (*company, known.id.as_deref().unwrap_or_default()))
        .collect();
    let Shown {
        mut found,
        unreadable,
        ..
    } = writer.rows_shown(recognition, &rows, true, &patience).await?;
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    let mut seen = Vec::with_capacity(companies.len());
    for (company, known) in companies.iter().zip(&known) {
        if unreadable.iter().any(|(unreadable, _)| unreadable == company) {
            continue;
        }
        let mut row = found.remove(*company).and_then(|rows| rows.into_iter().next());
        if known.placed
            && row
                .as_ref()
                .is_some_and(|row| !writer.is_placed_there(known, row))
        {
            row = None;
        }
        match &row {
            Some(row) if row.is_known_by_id => {}
            Some(row) if row.is_key_right => right.push((*company, row.id.clone())),
            Some(row) => wrong.push((*company, row.id.clone())),
            None => {}
        }
        seen.push((*company, row, known.placed));
    }
    let noted = writer.keys_stay(&pairs(&right)).await;
    noted.map_err(|error| drop(writer.ledger_failed(&error))).ok()?;
    if !wrong.is_empty() {
        // What they hold besides is judged as it is: a key is written without asking for the customer.
        writer.write_keys(recognition, &pairs(&wrong), &patience).await?;
    }
    let seen = seen.into_iter().map(|(company, row, placed)| {
        let (row_id, hash) = row.map(|row| (row.id, row.content)).unwrap_or_default();
        let company = company.to_owned();
        (
            Seen {
                company,
                row_id,
                hash,
            },
            placed,
        )
    });
    Some(seen.collect())
}

fn pairs<'a>(rows: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    rows.iter().map(|(company, id)| (*company, id.as_str())).collect()
}

/// Asks for these customers again and takes their rows off the list; `false` when it has to be tried once more.
async fn fetch_again(writer: &Writer, due: &Due, wrong: &[&str]) -> bool {
    let asked = writer.ask_again("verify", wrong).await;
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
    // A loader that finds them on the list later asks once more, which is harmless.
    if let Err(error) = done {
        drop(writer.ledger_failed(&error));
    }
    true
}
