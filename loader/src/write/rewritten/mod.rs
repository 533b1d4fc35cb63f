//! Key cells that something in the form rewrites after each write: an automation, a formula, a check of one record.
//!
//! A row of ours whose key cell holds something else than its customer's id is evidence, and no reason to make another one:
//! the key is written once more, and when it does not stay either, the row is known by its id from then on. When that
//! happens to a handful of rows in a row, new rows wait, since each would be another row that no key finds; updates go on.
//! Now and then the key of one of these rows is written again, and the first that stays ends the wait (I13).

mod keys;
mod tell;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Writer;
use super::lookup::Cells;
use crate::jdy::lookup::{Found, FoundRow, Recognition};
use crate::ledger::{Error, Owner, Rewriting};
use crate::vendor::Patience;

pub(crate) use tell::tell_rewritten;

/// Rows in a row whose keys do not stay, before it is about everybody.
const HANDFUL: u64 = 5;
/// What this process knows of it.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// Whether there are such rows; until it is asked there may be.
    some: AtomicBool,
    in_a_row: AtomicU64,
    asked: AtomicBool,
}

impl Default for Rewritten {
    fn default() -> Self {
        Self {
            some: AtomicBool::new(true),
            in_a_row: AtomicU64::new(0),
            asked: AtomicBool::new(false),
        }
    }
}

impl Rewritten {
    fn holds_newcomers(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) >= HANDFUL
    }

    fn learn(&self, known: Rewriting) {
        self.asked.store(true, Ordering::Relaxed);
        self.some.store(known.rows > 0, Ordering::Relaxed);
        self.in_a_row.store(known.in_a_row, Ordering::Relaxed);
    }
}

impl Writer {
    /// Rows that are known by their ids go to whom they belong, whatever key they show; those of others who were not asked
    /// for go.
    pub(super) async fn give_back(&self, found: &mut Found, asked: &[&str]) -> Result<(), Error> {
        if !self.rewritten.some.load(Ordering::Relaxed) || found.is_empty() {
            return Ok(());
        }
        let shown: Vec<(String, FoundRow)> = std::mem::take(found)
            .into_iter()
            .flat_map(|(company, rows)| rows.into_iter().map(move |row| (company.clone(), row)))
            .collect();
        let ids: Vec<&str> = shown.iter().map(|(_, row)| row.id.as_str()).collect();
        let owners = self.ledger.rewritten(&ids).await?;
        for ((company, row), owner) in shown.into_iter().zip(owners) {
            match owner {
                Some(owner) if owner.company != company => {
                    if asked.contains(&owner.company.as_str()) {
                        let counts = !owner.tried;
                        let row = FoundRow {
                            is_key_right: counts,
                            is_known_by_id: counts,
                            ..row
                        };
                        found.entry(owner.company).or_default().push(row);
                    }
                }
                _ => found.entry(company).or_default().push(row),
            }
        }
        Ok(())
    }

    /// Whether new rows wait; `None` when nobody can tell now.
    pub(super) async fn newcomers_wait(&self) -> Option<bool> {
        if !self.rewritten.asked.load(Ordering::Relaxed) {
            let known = self.ledger.rewriting().await;
            let known = known.map_err(|error| drop(self.ledger_failed(&error))).ok()?;
            self.rewritten.learn(known);
        }
        Some(self.rewritten.holds_newcomers())
    }

    /// The same for looks; `None` when nobody can tell now.
    pub(super) async fn give_back_or_fail(&self, found: &mut Found, asked: &[&str]) -> Option<()> {
        let given = self.give_back(found, asked).await;
        given.map_err(|error| drop(self.ledger_failed(&error))).ok()
    }

    /// What is known of the row with this id as this customer's.
    pub(super) async fn known_by_id(&self, company: &str, id: &str) -> Result<Option<Owner>, Error> {
        if !self.rewritten.some.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let owner = self.ledger.rewritten(&[id]).await?.into_iter().next().flatten();
        Ok(owner.filter(|owner| owner.company == company))
    }

    /// The row with an id that is this customer's as far as is known, if it still is; the outer `None` when nobody can tell
    /// now. A key that is nobody's leaves the row to its customer.
    pub(super) async fn still_of(
        &self,
        recognition: &Recognition,
        company: &str,
        row: &Cells,
        patience: &Patience,
    ) -> Option<Option<FoundRow>> {
        let Some(shown) = recognition.read_by_id(row, false) else {
            return Some(None);
        };
        let own = recognition.read_as(company, row);
        let is_right = own.as_ref().is_some_and(|own| own.is_key_right);
        let known = match self.known_by_id(company, &shown.id).await {
            Ok(known) => known,
            Err(error) => {
                drop(self.ledger_failed(&error));
                return None;
            }
        };
        if let Some(owner) = known.filter(|_| !is_right) {
            return Some(recognition.read_by_id(row, !owner.tried));
        }
        if own.is_some() {
            return Some(own);
        }
        let Some((key, _)) = recognition.read(row) else {
            return Some(Some(shown));
        };
        let is_of_another = self.is_of_another(recognition, &shown.id, &key, patience).await?;
        Some((!is_of_another).then_some(shown))
    }
}
