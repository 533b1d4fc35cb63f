//! Looks at touched rows: asks the form where they are, and whose they are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value};

use super::Pushes;
use super::deal::NotNow;
use super::inbox::Hint;
use super::parse::Deed;
use super::verdict::{Place, stays_with};
use crate::jdy::lookup::{Found, Recognition};
use crate::ledger::{KnownRow, Seen};
use crate::vendor::{Patience, Tried};

/// What a look has shown.
#[derive(Default)]
pub(super) struct Look {
    /// Rows by key, the oldest first; without those that are somebody else's.
    pub(super) found: Found,
    /// What Redis knew of these customers before.
    known: HashMap<String, KnownRow>,
    /// Where each row is.
    pub(super) places: HashMap<String, Place>,
    /// Rows with wrong keys → their customers.
    pub(super) owners: HashMap<String, String>,
    /// Rows that have become another customer's → whose they were.
    pub(super) bereft: HashMap<String, String>,
    /// Rows that stand under another key than was pushed → under which one.
    pub(super) moved: HashMap<String, String>,
    /// Rows that were asked for by their ids.
    pub(super) by_id: usize,
    /// Rows of which nobody knows yet whose they are → how long that takes.
    pub(super) waits: HashMap<String, Duration>,
    unreadable: HashSet<String>,
}

/// The cells of a row; `None` when there is no such row.
type Shown = Option<Map<String, Value>>;

impl Look {
    /// Everybody whom the hint is about.
    pub(super) fn companies_of<'a>(&'a self, hint: &'a Hint) -> BTreeSet<&'a str> {
        let owner = self.owners.get(&hint.row).or_else(|| self.bereft.get(&hint.row));
        hint.companies().chain(owner.map(String::as_str)).collect()
    }

    /// Whether no query shows one of them.
    pub(super) fn is_unreadable(&self, companies: &BTreeSet<&str>) -> bool {
        companies.iter().any(|company| self.unreadable.contains(*company))
    }

    fn is_known_as(&self, company: &str, row: &str) -> bool {
        self.known_id(company) == Some(row)
    }

    fn known_id(&self, company: &str) -> Option<&str> {
        self.known.get(company)?.id.as_deref()
    }

    /// Who is known, and has no other row than this one.
    fn may_have(&self, company: &str, row: &str) -> bool {
        let known = self.known.get(company);
        known.is_some_and(|known| {
            known.version.is_some() && known.id.as_deref().is_none_or(|id| id == row || id.is_empty())
        })
    }
}

impl Pushes {
    /// Asks the form for everything that the hints may be about.
    pub(super) async fn look(
        &self,
        recognition: &Recognition,
        hints: &[Hint],
        patience: &Patience,
    ) -> Result<Look, NotNow> {
        let companies: BTreeSet<&str> = hints.iter().flat_map(Hint::companies).collect();
        let companies: Vec<&str> = companies.into_iter().collect();
        let mut look = Look {
            known: self.known(&companies).await?,
            ..Look::default()
        };
        // An id that was taken from an answer by its place says nothing.
        let proven = |company: &str| {
            let known = look.known.get(company).filter(|known| !known.placed)?;
            known.id.clone()
        };
        let ids: Vec<String> = companies
            .iter()
            .map(|company| proven(company).unwrap_or_default())
            .collect();
        let pairs: Vec<(&str, &str)> = companies
            .iter()
            .copied()
            .zip(ids.iter().map(String::as_str))
            .collect();
        if !pairs.is_empty() {
            let shown = self.writer.rows_shown(recognition, &pairs, true, patience).await;
            let shown = shown.ok_or(NotNow)?;
            look.found = shown.found;
            look.unreadable = shown.unreadable.into_iter().map(|(company, _)| company).collect();
        }
        let is_found = |company: &&&str| look.found.contains_key(**company);
        look.by_id = companies.len() - companies.iter().filter(is_found).count();
        let mut lost = Vec::new();
        for hint in hints {
            let was_asked = || pairs.contains(&(hint.company.as_str(), hint.row.as_str()));
            match under(hint, &look.found) {
                Some(several) => drop(look.places.insert(hint.row.clone(), Place::Keyed(several))),
                None if hint.is_only(Deed::Remove) && was_asked() => {
                    look.places.insert(hint.row.clone(), Place::Gone);
                }
                None => lost.push(hint),
            }
        }
        self.look_by_id(recognition, &lost, &mut look, patience).await?;
        self.find_owners(hints, &mut look).await?;
        Ok(look)
    }

    /// Rows that do not stand under a key that was pushed.
    async fn look_by_id(
        &self,
        recognition: &Recognition,
        lost: &[&Hint],
        look: &mut Look,
        patience: &Patience,
    ) -> Result<(), NotNow> {
        let mut calls = FuturesUnordered::new();
        for hint in lost {
            calls.push(self.row(hint, patience));
        }
        let mut rows = Vec::with_capacity(lost.len());
        while let Some(row) = calls.next().await {
            rows.push(row?);
        }
        drop(calls);
        look.by_id += rows.len();
        for (hint, row) in rows {
            // A row that alone cannot be shown has no place.
            let Some(row) = row else { continue };
            let place = match row.as_ref().map(|row| recognition.read(row)) {
                None => Place::Gone,
                Some(None) => Place::Keyless,
                Some(Some((company, _))) => {
                    // It has to be seen together with that customer's other rows.
                    if !hint.companies().any(|told| told == company) {
                        look.moved.insert(hint.row.clone(), company);
                    }
                    Place::Keyed(false)
                }
            };
            look.places.insert(hint.row.clone(), place);
        }
        Ok(())
    }

    /// The row, if there is one; the outer `None` when it cannot be shown although others can (I12).
    async fn row<'a>(
        &self,
        hint: &'a Hint,
        patience: &Patience,
    ) -> Result<(&'a Hint, Option<Shown>), NotNow> {
        let (vendor, id) = (&self.writer.vendor, hint.row.as_str());
        let tried = vendor
            .insist(None, patience, move || async move {
                vendor.about_rows(vendor.client.row_by_id(id).await).await
            })
            .await;
        match tried {
            Tried::Done(row, _) => Ok((hint, row.ok())),
            Tried::Refused(refusal, _) => {
                vendor.is_away(&refusal);
                Err(NotNow)
            }
            Tried::Lost | Tried::Held | Tried::Aside => Err(NotNow),
        }
    }

    /// Whose the rows are of which the key cell says nothing, or names somebody whose row was another one.
    async fn find_owners(&self, hints: &[Hint], look: &mut Look) -> Result<(), NotNow> {
        let mut owned: HashMap<String, String> = HashMap::new();
        let mut unclear: HashSet<&str> = HashSet::new();
        for hint in hints.iter().filter(|hint| !look.moved.contains_key(&hint.row)) {
            let told = hint
                .companies()
                .find(|company| look.is_known_as(company, &hint.row));
            match (look.places.get(&hint.row), told) {
                (None, _) | (Some(Place::Gone), Some(_)) => {}
                (Some(Place::Keyed(_)), Some(company))
                    if hint.company.is_empty() || company == hint.company => {}
                // It was nobody's before.
                (_, None) if hint.is_only(Deed::Create) => {}
                (_, Some(company)) => drop(owned.insert(hint.row.clone(), company.to_owned())),
                (_, None) => drop(unclear.insert(&hint.row)),
            }
        }
        match self.owners.wait() {
            _ if unclear.is_empty() => {}
            Some(wait) => {
                let rows = unclear.iter().map(|row| ((*row).to_owned(), wait));
                look.waits.extend(rows);
            }
            None => {
                let found = self.owners.find(&self.writer.ledger, &unclear).await;
                owned.extend(found.map_err(|error| self.failed(&error))?);
            }
        }
        for (row, owner) in owned {
            if look.places.get(&row) == Some(&Place::Gone) {
                // The push did not say whose it was.
                look.bereft.insert(row, owner);
                continue;
            }
            let hint = hints
                .iter()
                .find(|hint| hint.row == row && look.places.get(&row) != Some(&Place::Keyless));
            let cell = hint.map_or("", |hint| hint.company.as_str());
            if owner == cell {
                continue;
            }
            if stays_with(&owner, cell, look.may_have(cell, &row)) {
                if let Some(rows) = look.found.get_mut(cell) {
                    rows.retain(|found| found.id != row);
                }
                look.owners.insert(row, owner);
            } else {
                look.bereft.insert(row, owner);
            }
        }
        Ok(())
    }

    async fn known(&self, companies: &[&str]) -> Result<HashMap<String, KnownRow>, NotNow> {
        let rows = self.writer.ledger.known_rows(companies).await;
        let rows = rows.map_err(|error| self.failed(&error))?;
        let known = companies.iter().zip(rows);
        Ok(known
            .filter_map(|(company, row)| Some(((*company).to_owned(), row?)))
            .collect())
    }
}

/// Whether the row is among those of a customer that was pushed, and then whether beside another one.
fn under(hint: &Hint, found: &Found) -> Option<bool> {
    let mut rows = hint.companies().filter_map(|company| found.get(company));
    let rows = rows.find(|rows| rows.iter().any(|row| row.id == hint.row))?;
    Some(rows.len() > 1)
}

/// What the form shows of a customer: the row that is known, if it is still there, else the oldest.
pub(super) fn shown(company: &str, look: &Look) -> Seen {
    let rows = look.found.get(company).map_or(&[][..], Vec::as_slice);
    let known = look.known_id(company);
    let row = rows.iter().find(|row| Some(row.id.as_str()) == known);
    row.or_else(|| rows.first()).map_or_else(
        || as_seen(company, "", ""),
        |row| as_seen(company, &row.id, row.hash()),
    )
}

pub(super) fn as_seen(company: &str, row: &str, hash: &str) -> Seen {
    Seen {
        company: company.to_owned(),
        row_id: row.to_owned(),
        hash: hash.to_owned(),
    }
}
