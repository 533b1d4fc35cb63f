//! The vendor as its documents describe it: transactions that are upserted by position, calls that take effect late.

use std::collections::{BTreeMap, BTreeSet};

/// Contents that it refuses.
pub(super) const POISON: &str = "poison";

/// A row of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VendorRow {
    pub(super) id: String,
    pub(super) company: String,
    pub(super) hash: String,
    /// When, on the common clock.
    pub(super) written: i64,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// `batch_create`: company and content of each row.
    Create {
        transaction: String,
        rows: Vec<(String, String)>,
    },
    Update {
        id: String,
        hash: String,
    },
    Delete {
        id: String,
    },
}

/// A definite answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Ids of the rows made by this very request, and how many rows the transaction has now.
    Created {
        ids: Vec<String>,
        count: usize,
    },
    Done,
    Gone,
    Refused,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Done, but the answer is lost.
    Unanswered,
    /// Given up by its sender; takes effect later, or never.
    Late,
    /// Lost on its way.
    Lost,
    /// Refused for the moment.
    Busy,
    /// Only the first half of the rows is stored.
    Partial,
    /// Refused for good, whatever it holds.
    Refused,
    /// The same, but half of the rows are stored, or the one that the call is about is changed.
    HalfRefused,
}

/// What nobody knows of the vendor (docs/jiandaoyun-api.md §2.4, §5).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// A row that a resend overwrites keeps its id.
    pub(super) keeps_ids: bool,
    /// Ids are not in the order of the rows.
    pub(super) shuffles_ids: bool,
    /// Rows whose making was answered cannot be seen at first.
    pub(super) hides: bool,
}

/// The form and what is on its way to it.
#[derive(Debug, Default)]
pub(super) struct Vendor {
    rows: BTreeMap<String, VendorRow>,
    transactions: BTreeMap<String, Vec<Option<String>>>,
    made: usize,
    /// Rows that no query shows yet.
    hidden: BTreeSet<String>,
    quirks: Quirks,
    pub(super) flights: Vec<Call>,
}

impl Vendor {
    pub(super) fn new(quirks: Quirks) -> Self {
        Self {
            quirks,
            ..Self::default()
        }
    }

    /// Rows of a customer, the oldest first, also those that no query shows yet.
    pub(super) fn all_of(&self, company: &str) -> Vec<&VendorRow> {
        self.rows.values().filter(|row| row.company == company).collect()
    }

    /// Rows of a customer that queries show, the oldest first.
    pub(super) fn rows_of(&self, company: &str) -> Vec<&VendorRow> {
        let mut rows = self.all_of(company);
        rows.retain(|row| !self.hidden.contains(&row.id));
        rows
    }

    /// All rows that queries show, the oldest first.
    pub(super) fn rows(&self) -> Vec<VendorRow> {
        let shown = |row: &&VendorRow| !self.hidden.contains(&row.id);
        self.rows.values().filter(shown).cloned().collect()
    }

    /// Whose row this is, if queries show it.
    pub(super) fn owner_of(&self, id: &str) -> Option<&str> {
        let row = self.rows.get(id).filter(|row| !self.hidden.contains(&row.id))?;
        Some(&row.company)
    }

    /// Whether there is a row of the customer that queries do not show yet.
    pub(super) fn hides(&self, company: &str) -> bool {
        let rows = self.all_of(company);
        rows.iter().any(|row| self.hidden.contains(&row.id))
    }

    /// The time is over for which rows cannot be seen.
    pub(super) fn show(&mut self, is_old: impl Fn(&str) -> bool) {
        let rows = &self.rows;
        self.hidden
            .retain(|id| rows.get(id).is_some_and(|row| !is_old(&row.company)));
    }

    /// A person deletes the customer's row, or types something into it; `false` when there is none.
    pub(super) fn touch(&mut self, company: &str, deletes: bool, now: i64) -> bool {
        let Some(id) = self.all_of(company).first().map(|row| row.id.clone()) else {
            return false;
        };
        if deletes {
            self.rows.remove(&id);
        } else if let Some(row) = self.rows.get_mut(&id) {
            (row.hash, row.written) = ("typed".to_owned(), now);
        }
        true
    }

    /// A request arrives; `None` when its sender learns nothing.
    pub(super) fn receive(&mut self, call: &Call, fault: Fault, now: i64) -> Option<Answer> {
        match fault {
            Fault::None => {
                let answer = self.execute(call, now, usize::MAX);
                if let (Answer::Created { ids, .. }, true) = (&answer, self.quirks.hides) {
                    self.hidden.extend(ids.iter().cloned());
                }
                Some(answer)
            }
            Fault::Unanswered => {
                self.execute(call, now, usize::MAX);
                None
            }
            Fault::Late => {
                self.flights.push(call.clone());
                None
            }
            Fault::Lost | Fault::Busy => None,
            Fault::Partial => Some(self.execute(call, now, 1)),
            Fault::Refused => Some(Answer::Refused),
            Fault::HalfRefused => {
                self.execute(call, now, 1);
                Some(Answer::Refused)
            }
        }
    }

    /// Calls that were given up take effect now, or get lost for good.
    pub(super) fn land(&mut self, chosen: impl Fn(&Call, &Self) -> bool, applies: bool, now: i64) {
        let flights = std::mem::take(&mut self.flights);
        for call in flights {
            if !chosen(&call, self) {
                self.flights.push(call);
            } else if applies {
                self.execute(&call, now, usize::MAX);
            }
        }
    }

    /// Whether the call can change what is there for the customer.
    pub(super) fn concerns(&self, call: &Call, company: &str) -> bool {
        match call {
            Call::Create { rows, .. } => rows.iter().any(|(other, _)| other == company),
            Call::Update { id, .. } | Call::Delete { id } => {
                self.rows.get(id).is_some_and(|row| row.company == company)
            }
        }
    }

    /// The hour of every transaction is over.
    pub(super) fn forget_transactions(&mut self) {
        self.transactions.clear();
    }

    fn execute(&mut self, call: &Call, now: i64, most: usize) -> Answer {
        match call {
            Call::Create { rows, .. } if rows.iter().any(|(_, hash)| hash == POISON) => Answer::Refused,
            Call::Create { transaction, rows } => self.create(transaction, rows, now, most),
            Call::Update { hash, .. } if hash == POISON => Answer::Refused,
            Call::Update { id, hash } => self.rows.get_mut(id).map_or(Answer::Gone, |row| {
                (row.hash, row.written) = (hash.clone(), now);
                Answer::Done
            }),
            Call::Delete { id } => self.rows.remove(id).map_or(Answer::Gone, |_| Answer::Done),
        }
    }

    fn create(&mut self, transaction: &str, rows: &[(String, String)], now: i64, most: usize) -> Answer {
        let mut slots = self.transactions.remove(transaction).unwrap_or_default();
        slots.resize(slots.len().max(rows.len()), None);
        let mut ids = Vec::new();
        for (slot, (company, hash)) in slots.iter_mut().zip(rows).take(most) {
            let there = slot
                .as_ref()
                .and_then(|id| self.rows.remove(id))
                .map(|row| row.id);
            let id = there
                .clone()
                .filter(|_| self.quirks.keeps_ids)
                .unwrap_or_else(|| {
                    self.made += 1;
                    format!("r{:06}", self.made)
                });
            if there.is_none() {
                ids.push(id.clone());
            }
            *slot = Some(id.clone());
            let row = VendorRow {
                id: id.clone(),
                company: company.clone(),
                hash: hash.clone(),
                written: now,
            };
            self.rows.insert(id, row);
        }
        if self.quirks.shuffles_ids {
            ids.reverse();
        }
        let count = slots.iter().flatten().count();
        self.transactions.insert(transaction.to_owned(), slots);
        Answer::Created { ids, count }
    }
}
