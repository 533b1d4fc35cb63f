//! Looking rows up in the form before anything is claimed: those that the index has not seen, with the batch that needs
//! them (`crate::index`), and those that are read again because a lost call may have changed them.
//!
//! A batch costs one call when all of its customers have rows, or none of them. The key cell decides whose row it is, and
//! people touch key cells: a row that is not found by its key is asked for by the id that Redis remembers, and by the
//! spellings that imports make of a key, before it counts as not there.

use std::sync::atomic::Ordering;
use std::time::Instant;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use pipeline::failure::Failure;
use pipeline::handler::{Outcome, WaitsFor};
use pipeline::telemetry::names;
use serde_json::json;

use super::Writer;
use super::claim::{LastLook, Stop};
use super::prepare::Sorted;
use super::readable::{self, Keys, Shown};
use crate::failpoint;
use crate::index::VISIBLE_AFTER;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{Found, FoundRow, Recognition};
use crate::jdy::types::Refusal;
use crate::ledger::index::{Reading, WalkError, learn};
use crate::ledger::{JustLooked, Unseen};
use crate::vendor::{Patience, Tried};

/// The cells of a row as the vendor shows it.
pub(super) type Cells = serde_json::Map<String, serde_json::Value>;

impl Writer {
    /// Teaches the index what the form holds of these customers. Those without a row step aside as long as a call of an
    /// earlier loader may still make one.
    pub(super) async fn look_up(
        &self,
        sorted: &mut Sorted,
        mut unseen: Unseen,
        patience: &Patience,
        last: &mut LastLook,
    ) -> Result<(), Stop> {
        self.put_off_again(sorted, &mut unseen, last);
        let began = Instant::now();
        let Some(recognition) = self.index.recognition() else {
            // The index was begun by a loader that knows the mapped widgets; a record will show them here, too.
            return Err(Stop);
        };
        metrics::counter!(names::LOADER_LOOKED_UP).increment(unseen.rows.len() as u64);
        for rows in unseen.rows.chunks(LARGEST_BATCH) {
            let rows: Vec<(&str, &str)> = rows
                .iter()
                .map(|(company, id)| (company.as_str(), id.as_str()))
                .collect();
            failpoint::hit("unseen-before").await;
            let Some(Shown {
                mut found,
                unreadable,
                ..
            }) = self
                .rows_shown(&recognition, &rows, unseen.settled, patience)
                .await
            else {
                return Err(Stop);
            };
            failpoint::hit("unseen-read").await;
            for (company, refusal) in &unreadable {
                sorted.give_up(company, &readable::failure(refusal));
            }
            let mut seen: Vec<(String, Option<FoundRow>)> = Vec::with_capacity(rows.len());
            for (company, _) in &rows {
                if unreadable.iter().any(|(unreadable, _)| unreadable == company) {
                    continue;
                }
                match found.remove(*company) {
                    Some(rows) => seen.extend(rows.into_iter().map(|row| ((*company).to_owned(), Some(row)))),
                    None if unseen.settled => seen.push(((*company).to_owned(), None)),
                    None => sorted.set_aside(company),
                }
            }
            self.learn_seen(unseen.time_ms, &seen).await?;
            failpoint::hit("unseen-learned").await;
        }
        // The claim comes at once, however long this has taken.
        last.looked = Some(JustLooked {
            began_ms: unseen.time_ms,
            took: began.elapsed(),
        });
        last.companies = unseen.rows.into_iter().map(|(company, _)| company).collect();
        Ok(())
    }

    /// Whose rows were asked for in the round before, and are asked for again at once: what the form shows of them is not
    /// believed yet, because it is older than what was written there, or may be. They come again later, and keep nobody
    /// waiting meanwhile.
    fn put_off_again(&self, sorted: &mut Sorted, unseen: &mut Unseen, last: &mut LastLook) {
        let before = std::mem::take(last).companies;
        let (again, first) = std::mem::take(&mut unseen.rows)
            .into_iter()
            .partition(|(company, _)| before.contains(company));
        unseen.rows = first;
        let again: Vec<(String, String)> = again;
        if again.is_empty() {
            return;
        }
        tracing::warn!(
            rows = again.len(),
            "what the form shows of some rows is older than what was written there a moment ago, or may be; their records \
             wait"
        );
        let times = self.looked_in_vain.fetch_add(1, Ordering::Relaxed) + 1;
        self.runtime.status.set(
            "looked_in_vain",
            json!({"times": times, "rows_of_the_last": again.len()}),
        );
        for (company, _) in &again {
            sorted.set_aside(company);
        }
    }

    async fn learn_seen(&self, asked_ms: i64, seen: &[(String, Option<FoundRow>)]) -> Result<(), Stop> {
        // Whoever leaves a filter is told to the loader if it has a row, whoever has made it.
        let with_rows = seen.iter().filter(|(_, row)| row.is_some());
        let with_rows: Vec<&String> = with_rows.map(|(company, _)| company).collect();
        if let Err(error) = self.watermarks.seen_in_form(&with_rows).await {
            self.runtime.redis_lost(&error);
            return Err(Stop);
        }
        let reading = Reading::LookUp {
            longest: self.lateness(),
        };
        match learn(&self.ledger, asked_ms, VISIBLE_AFTER, reading, seen).await {
            Ok((_, 0)) => Ok(()),
            Ok(_) => {
                self.index.look_again().await;
                Ok(())
            }
            Err(WalkError::Ledger(error)) => {
                self.ledger_failed(&error);
                Err(Stop)
            }
            Err(WalkError::Overtaken) => Err(Stop),
        }
    }

    /// The rows of these customers, each with the row id that is remembered, empty when there is none. `thorough`: also
    /// those whose keys are spelled otherwise. `None` when the form cannot be read now.
    pub(crate) async fn rows_shown(
        &self,
        recognition: &Recognition,
        rows: &[(&str, &str)],
        thorough: bool,
        patience: &Patience,
    ) -> Option<Shown> {
        let companies: Vec<&str> = rows.iter().map(|(company, _)| *company).collect();
        let Shown {
            mut found,
            mut unreadable,
            whole,
        } = self
            .readable(recognition, &companies, Keys::Right, patience)
            .await?;
        self.give_back_or_fail(&mut found, &companies).await?;
        let is_known = |found: &Found, unreadable: &[(String, Refusal)], company: &str| {
            found.contains_key(company) || unreadable.iter().any(|(unreadable, _)| unreadable == company)
        };
        let mut by_id = FuturesUnordered::new();
        for (company, id) in rows {
            if !id.is_empty() && !is_known(&found, &unreadable, company) {
                by_id.push(self.by_id(recognition, company, id, patience));
            }
        }
        let mut again = Vec::new();
        while let Some(answer) = by_id.next().await {
            again.push(answer?);
        }
        drop(by_id);
        for (company, row) in again {
            match row {
                Ok(Some(row)) => drop(found.insert(company, vec![row])),
                Ok(None) => {}
                Err(refusal) => unreadable.push((company, refusal)),
            }
        }
        let missing: Vec<&str> = companies
            .iter()
            .filter(|company| !is_known(&found, &unreadable, company))
            .copied()
            .collect();
        // Who has read the whole form has seen every spelling.
        if thorough && !whole && !missing.is_empty() {
            let others = self
                .readable(recognition, &missing, Keys::SpelledOtherwise, patience)
                .await?;
            found.extend(others.found);
            unreadable.extend(others.unreadable);
            self.give_back_or_fail(&mut found, &companies).await?;
        }
        self.index.saw(&found).await;
        Some(Shown {
            found,
            unreadable,
            whole,
        })
    }

    /// The company with the row of this id, if that is still the company's, or why it cannot be read while others can;
    /// `None` when nothing can be read now.
    async fn by_id(
        &self,
        recognition: &Recognition,
        company: &str,
        id: &str,
        patience: &Patience,
    ) -> Option<(String, Result<Option<FoundRow>, Refusal>)> {
        let row = self.whole_row(id, patience).await?;
        if let Err(refusal) = &row {
            tracing::warn!(
                company_id = company,
                row = id,
                refusal = refusal.describe(),
                "a row cannot be read by its id"
            );
        }
        let row = match row {
            Err(refusal) => Err(refusal),
            Ok(None) => Ok(None),
            Ok(Some(row)) => Ok(self.still_of(recognition, company, &row, patience).await?),
        };
        Some((company.to_owned(), row))
    }

    /// The row with this id as it stands in the form, or why that one cannot be read; `None` when nothing can be read now.
    pub(super) async fn whole_row(
        &self,
        id: &str,
        patience: &Patience,
    ) -> Option<Result<Option<Cells>, Refusal>> {
        let vendor = &self.vendor;
        let tried = vendor
            .insist(None, patience, move || async move {
                let reply = vendor.client.row_by_id(id).await;
                vendor.about_rows(reply).await
            })
            .await;
        match tried {
            Tried::Done(row, _) => Some(row),
            Tried::Refused(refusal, _) => {
                vendor.is_away(&refusal);
                None
            }
            Tried::Lost | Tried::Held | Tried::Aside => None,
        }
    }
}

impl Sorted {
    /// This customer's records die with this reason.
    fn give_up(&mut self, company: &str, failure: &Failure) {
        for record in self.open.remove(company).into_iter().flatten() {
            self.outcomes[record.at] = Some(Outcome::Dead(failure.clone()));
        }
    }

    /// This customer's records come again later, and keep nobody waiting meanwhile.
    pub(super) fn set_aside(&mut self, company: &str) {
        for record in self.open.remove(company).into_iter().flatten() {
            self.outcomes[record.at] = Some(Outcome::Park(WaitsFor::OtherMessage));
        }
    }
}
