//! From messages to what the ledger is asked about: encoded rows, the newest one of each customer first.

use std::collections::HashMap;
use std::sync::Arc;

use pipeline::version::Version;
use pipeline::{
    disposition::{Disposition, left_filter},
    failure::Failure,
    handler::{Done, Job, Outcome},
};
use proto::v1::{FormRecord, Operation as Wanted};

use super::Removals;
use super::row_event::RowEvent;
use crate::jdy::encode::{self, CellError, Row};
use crate::jdy::form::{Form, Misfit};
use crate::ledger::{Item, Operation, encode_mapped};

/// What is remembered of a customer when its record has come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) company: String,
    pub(crate) version: Version,
    pub(crate) what: Remembered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remembered {
    /// The record is in the form, and no later change can hide in the same second.
    Loaded,
    /// The customer was removed, or has left a filter, and that was handled.
    Gone,
}

/// A record ready to be claimed.
pub(crate) struct Prepared {
    /// Position in the handler's batch.
    pub(super) at: usize,
    pub(crate) record: FormRecord,
    pub(super) version: String,
    pub(super) operation: Operation,
    pub(super) set: Arc<str>,
    pub(super) clear: String,
    pub(super) hash: String,
}

pub(super) fn receipt(record: &FormRecord, what: Remembered) -> Receipt {
    Receipt {
        company: record.company_id.clone(),
        version: record.version.map(Version::from).unwrap_or_default(),
        what,
    }
}

/// What every number of `pipeline::sequence` is above, because it is never below the clock in microseconds.
const LOWEST_SEQUENCE: u64 = 1_000_000_000_000_000;

/// Orders the record among what was fetched, by the one clock of Redis. A number that is not from the counter says
/// nothing; then the extractor's clock has to do.
fn sequence(record: &FormRecord) -> u64 {
    let version = record.version.map(Version::from).unwrap_or_default();
    match version.sequence >= LOWEST_SEQUENCE {
        true => version.sequence,
        false => u64::try_from(record.fetched_at).unwrap_or(0).saturating_mul(1000),
    }
}

impl Prepared {
    pub(crate) fn record(&self) -> &FormRecord {
        &self.record
    }

    pub(super) fn item(&self) -> Item<'_> {
        Item {
            company: &self.record.company_id,
            version: &self.version,
            hash: &self.hash,
            operation: self.operation,
            sequence: sequence(&self.record),
            set: &self.set,
            clear: &self.clear,
        }
    }

    /// The row of an update: every mapped cell.
    pub(super) fn update(&self) -> Arc<str> {
        match self.clear.is_empty() {
            true => Arc::clone(&self.set),
            false => encode::join(&self.set, &self.clear).into(),
        }
    }

    pub(super) fn receipt(&self) -> Option<Receipt> {
        match self.operation {
            Operation::Upsert if !self.record.settled => None,
            Operation::Upsert => Some(receipt(&self.record, Remembered::Loaded)),
            Operation::Delete | Operation::Mark => Some(receipt(&self.record, Remembered::Gone)),
        }
    }

    /// Of a customer that has left a filter the account says what became of its row.
    fn told(&self, disposition: Disposition) -> (Disposition, Option<&'static str>) {
        if !self.record.filtered {
            return (disposition, None);
        }
        let rule = match (disposition, self.operation) {
            (Disposition::Loaded, Operation::Delete) => left_filter::REMOVED,
            (Disposition::Loaded, Operation::Mark) => left_filter::MARKED,
            (Disposition::Unchanged, _) => left_filter::NO_ROW,
            _ => return (disposition, None),
        };
        (
            Disposition::Filtered,
            Some(left_filter::of(rule, self.record.unlisted)),
        )
    }
}

/// A batch sorted into what is decided at once and what has to be claimed.
pub(crate) struct Sorted {
    /// One per job; `None` while undecided.
    pub(crate) outcomes: Vec<Option<Outcome<Receipt>>>,
    /// By customer, each list with the newest version last.
    pub(crate) open: HashMap<String, Vec<Prepared>>,
    /// Records that the form does not take, and why; undecided, too.
    pub(crate) unfit: Vec<Unfit>,
    /// Customers that have left a filter and whose rows are kept; undecided as well.
    pub(crate) kept: Vec<(usize, FormRecord)>,
}

/// A record that does not fit the form.
pub(crate) struct Unfit {
    /// Position in the handler's batch.
    pub(crate) at: usize,
    pub(crate) misfit: Misfit,
    pub(crate) record: FormRecord,
}

impl Sorted {
    /// The newest undecided version of a customer.
    pub(super) fn newest(&self, company: &str) -> Option<&Prepared> {
        self.open.get(company).and_then(|versions| versions.last())
    }

    /// The newest version of a customer ends like this; the older ones in the batch are superseded by it.
    pub(super) fn decide(&mut self, company: &str, disposition: Disposition, row: RowEvent) {
        let Some(versions) = self.open.remove(company) else {
            return;
        };
        let mut newest: Option<(String, Disposition)> = None;
        let mut row = Some(row);
        for record in versions.into_iter().rev() {
            let (disposition, receipt) = match &newest {
                None if disposition == Disposition::Superseded => (disposition, None),
                None => (disposition, record.receipt()),
                Some((version, _)) if *version == record.version => (Disposition::Duplicate, None),
                Some(_) => (Disposition::Superseded, None),
            };
            newest.get_or_insert_with(|| (record.version.clone(), disposition));
            let (disposition, rule) = record.told(disposition);
            let RowEvent { what, row_id } = row.take().unwrap_or_default();
            self.outcomes[record.at] = Some(Outcome::Done(Done {
                receipt,
                rule,
                what,
                row_id,
                ..Done::new(disposition)
            }));
        }
    }
}

/// Encodes a batch. Records that do not fit the form are set apart.
pub(crate) fn sort(batch: Vec<Job<FormRecord>>, form: &Form, removals: &Removals) -> Sorted {
    let (mut unfit, mut kept) = (Vec::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut open: HashMap<String, Vec<Prepared>> = HashMap::with_capacity(batch.len());
    for (at, job) in batch.into_iter().enumerate() {
        let record = job.message;
        if let Err(misfit) = form.check(&record) {
            unfit.push(Unfit { at, misfit, record });
            outcomes.push(None);
            continue;
        }
        if record.filtered && *removals == Removals::Ignore {
            kept.push((at, record));
            outcomes.push(None);
            continue;
        }
        match prepare(at, record, form, removals) {
            Ok(prepared) => {
                open.entry(prepared.record.company_id.clone())
                    .or_default()
                    .push(prepared);
                outcomes.push(None);
            }
            Err(outcome) => outcomes.push(Some(*outcome)),
        }
    }
    for versions in open.values_mut() {
        versions.sort_by(|a, b| a.version.cmp(&b.version));
    }
    Sorted {
        outcomes,
        open,
        unfit,
        kept,
    }
}

fn prepare(
    at: usize,
    record: FormRecord,
    form: &Form,
    removals: &Removals,
) -> Result<Prepared, Box<Outcome<Receipt>>> {
    let removed = record.operation() == Wanted::Remove;
    // That a customer is gone in OKKI is no mapping's opinion; that it has left the condition of one is.
    let revision = match removed && !record.filtered {
        true => 0,
        false => record.mapping_revision,
    };
    let version = encode_mapped(record.version.map(Version::from).unwrap_or_default(), revision);
    let (operation, row) = match removals {
        Removals::Ignore if removed => {
            let receipt = receipt(&record, Remembered::Gone);
            return Err(Box::new(filtered("removal-ignored", receipt)));
        }
        Removals::Delete if removed => (Operation::Delete, Row::default()),
        Removals::Mark { widget, value } if removed => {
            let set = encode::encode_text(widget, value).map_err(invalid)?;
            let row = Row {
                set,
                ..Row::default()
            };
            (Operation::Mark, row)
        }
        _ => (Operation::Upsert, upsert(&record, form, removals)?),
    };
    let Row { set, clear, hash } = row;
    Ok(Prepared {
        at,
        record,
        version,
        operation,
        set: set.into(),
        clear,
        hash,
    })
}

/// Dropped by this rule, which is remembered.
pub(super) fn filtered(rule: &'static str, receipt: Receipt) -> Outcome<Receipt> {
    Outcome::Done(Done {
        receipt: Some(receipt),
        rule: Some(rule),
        ..Done::new(Disposition::Filtered)
    })
}

fn upsert(record: &FormRecord, form: &Form, removals: &Removals) -> Result<Row, Box<Outcome<Receipt>>> {
    let mark = match removals {
        Removals::Mark { widget, .. } => Some(widget.as_str()),
        Removals::Ignore | Removals::Delete => None,
    };
    let row = encode::encode(record, form, mark).map_err(invalid)?;
    if row.set == "{}" {
        // Only without a key widget: the vendor's answer to an empty row is not known.
        return Err(Box::new(Outcome::Dead(Failure::new(
            "row-empty",
            words::tr!("every mapped cell of this record is empty"),
        ))));
    }
    Ok(row)
}

fn invalid(error: CellError) -> Box<Outcome<Receipt>> {
    let mut failure = Failure::new("cell-invalid", error.to_string());
    failure.field = Some(error.label);
    Box::new(Outcome::Dead(failure))
}
