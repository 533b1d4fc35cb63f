//! What would become of each customer, counted, and how long that takes.

use std::collections::BTreeMap;

use pipeline::failure::Failure;
use pipeline::mask::mask_text;
use pipeline::snapshots::Kept;
use pipeline::speeds::Speeds;
use pipeline::version::Version;
use pipeline::watermarks::standing::Standing;

use crate::record::{Mapped, content};

/// Customers that are named for each kind.
const NAMED: usize = 5;

/// What would become of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Will {
    /// It has no row, and gets one.
    Created,
    /// Its row changes.
    Updated,
    /// Its row stays as it is.
    Unchanged,
    /// The condition drops it, and it may have a row: the loader is told that it has left.
    Left,
    /// The condition drops it, and it has no row.
    Filtered,
    /// It ends among the dead letters.
    Failing,
}

impl Will {
    pub(super) const ALL: [Self; 6] = [
        Self::Created,
        Self::Updated,
        Self::Unchanged,
        Self::Left,
        Self::Filtered,
        Self::Failing,
    ];

    /// The word in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Left => "left",
            Self::Filtered => "filtered",
            Self::Failing => "failing",
        }
    }
}

/// Customers, and some of them by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Customers {
    pub(super) count: u64,
    pub(super) named: Vec<String>,
}

impl Customers {
    fn add(&mut self, company: &str) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(company.to_owned());
        }
    }
}

/// Why customers fail, as far as it is the same: code and field.
pub(super) type Cause = (&'static str, String);

/// Customers that fail for one cause.
#[derive(Debug, Default)]
pub(super) struct Failing {
    pub(super) customers: Customers,
    /// What the first one says, without addresses and numbers of people.
    pub(super) example: String,
    pub(super) expression: String,
}

/// What is known of all customers with a kept snapshot.
#[derive(Debug, Default)]
pub(super) struct Tally {
    will: BTreeMap<Will, Customers>,
    pub(super) failing: BTreeMap<Cause, Failing>,
    /// A newer state of them went on than is kept, so nothing can be said.
    pub(super) behind: u64,
}

impl Tally {
    pub(super) fn add(&mut self, kept: &Kept, mapped: Result<Mapped, Failure>, standing: &Standing) {
        let company = &kept.snapshot.company_id;
        if standing.published > Some(version(kept)) {
            self.behind += 1;
            return;
        }
        let will = match &mapped {
            Ok(mapped) => will(kept, mapped, standing),
            Err(_) => Will::Failing,
        };
        self.will.entry(will).or_default().add(company);
        if let Err(failure) = mapped {
            let cause = (failure.code, failure.field.unwrap_or_default());
            let failing = self.failing.entry(cause).or_insert_with(|| Failing {
                example: mask_text(&failure.message),
                expression: failure.expression.unwrap_or_default(),
                ..Failing::default()
            });
            failing.customers.add(company);
        }
    }

    pub(super) fn of(&self, will: Will) -> Customers {
        self.will.get(&will).cloned().unwrap_or_default()
    }

    /// All of them.
    pub(super) fn customers(&self) -> u64 {
        self.behind + self.will.values().map(|some| some.count).sum::<u64>()
    }
}

fn version(kept: &Kept) -> Version {
    kept.snapshot.version.unwrap_or_default().into()
}

fn will(kept: &Kept, mapped: &Mapped, standing: &Standing) -> Will {
    let has_row = standing.may_have_row && !standing.is_gone() && !standing.is_dropped();
    match mapped {
        Mapped::Dropped(..) if has_row => Will::Left,
        Mapped::Dropped(..) => Will::Filtered,
        Mapped::Record(_) if !has_row => Will::Created,
        Mapped::Record(record) => {
            let went_on = standing.published == Some(version(kept));
            match went_on && kept.content == Some(content(record)) {
                true => Will::Unchanged,
                false => Will::Updated,
            }
        }
    }
}

/// How long it takes at the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours {
    new_rows: f64,
    changed_rows: f64,
    details: f64,
    /// Services have told their limits.
    pub(super) is_told: bool,
}

impl Hours {
    /// What is asked for, else what services tell, else their defaults.
    pub(super) fn new(told: &Speeds, rows: Option<f64>, details: Option<f64>) -> Self {
        Self {
            new_rows: told.new_rows.unwrap_or(1_000.0),
            changed_rows: rows.or(told.changed_rows).unwrap_or(20.0),
            details: details.or(told.details).unwrap_or(10.0),
            is_told: told.changed_rows.is_some() && told.details.is_some(),
        }
    }

    /// Of the writes of these customers.
    pub(super) fn of_rows(&self, tally: &Tally) -> f64 {
        let count = |will| tally.of(will).count as f64;
        let changed = (count(Will::Updated) + count(Will::Left)) / self.changed_rows;
        (count(Will::Created) / self.new_rows + changed) / 3_600.0
    }

    /// Of fetching so many.
    pub(super) fn of_details(&self, customers: u64) -> f64 {
        customers as f64 / self.details / 3_600.0
    }

    pub(super) fn speeds(&self) -> Speeds {
        Speeds {
            new_rows: Some(self.new_rows),
            changed_rows: Some(self.changed_rows),
            details: Some(self.details),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::{CompanySnapshot, FieldValue, FormRecord};

    fn row(field: &str) -> Box<FormRecord> {
        Box::new(FormRecord {
            fields: vec![FieldValue {
                field: field.into(),
                ..FieldValue::default()
            }],
            ..FormRecord::default()
        })
    }

    fn kept(shows: &FormRecord) -> Kept {
        Kept {
            snapshot: CompanySnapshot {
                company_id: "7".into(),
                version: Some(proto::v1::Version {
                    update_time: 5,
                    sequence: 9,
                }),
                ..CompanySnapshot::default()
            },
            content: Some(content(shows)),
        }
    }

    fn at(update_time: i64) -> Option<Version> {
        Some(Version {
            update_time,
            sequence: 9,
        })
    }

    /// What becomes of a customer that was mapped to `a`, and is mapped to this now.
    fn becomes(mapped: Result<Mapped, Failure>, standing: Standing) -> Option<Will> {
        let mut tally = Tally::default();
        tally.add(&kept(&row("a")), mapped, &standing);
        Will::ALL.into_iter().find(|will| tally.of(*will).count == 1)
    }

    #[test]
    fn a_customer_is_judged_by_its_row_and_by_what_is_known_of_it() {
        let in_form = || Standing {
            published: at(5),
            may_have_row: true,
            ..Standing::default()
        };
        let maps_to = |field| Ok(Mapped::Record(row(field)));
        let dropped = || Ok(Mapped::Dropped("condition", row("a")));
        assert_eq!(becomes(maps_to("a"), in_form()), Some(Will::Unchanged));
        assert_eq!(becomes(maps_to("b"), in_form()), Some(Will::Updated));
        assert_eq!(becomes(dropped(), in_form()), Some(Will::Left));
        assert_eq!(becomes(maps_to("a"), Standing::default()), Some(Will::Created));
        assert_eq!(becomes(dropped(), Standing::default()), Some(Will::Filtered));
        assert_eq!(
            becomes(Err(Failure::new("x", "y")), in_form()),
            Some(Will::Failing)
        );
        // Its record died at the loader, or an older one is there.
        for published in [None, at(4)] {
            let standing = Standing {
                published,
                ..in_form()
            };
            assert_eq!(becomes(maps_to("a"), standing), Some(Will::Updated));
        }
        let was_dropped = Standing {
            dropped: at(6),
            ..in_form()
        };
        assert_eq!(becomes(maps_to("a"), was_dropped), Some(Will::Created));
    }

    #[test]
    fn nothing_is_said_of_a_state_that_was_overtaken() {
        let standing = Standing {
            published: at(6),
            may_have_row: true,
            ..Standing::default()
        };
        let mut tally = Tally::default();
        tally.add(&kept(&row("a")), Ok(Mapped::Record(row("a"))), &standing);
        assert_eq!((tally.behind, tally.customers()), (1, 1));
    }

    #[test]
    fn failures_are_grouped_and_masked() {
        let mut tally = Tally::default();
        for _ in 0..7 {
            let failure = Failure::new("not-a-number", "wang.wu@example.com is no number");
            tally.add(&kept(&row("a")), Err(failure), &Standing::default());
        }
        let failing = tally.failing.values().next().unwrap();
        assert_eq!((tally.failing.len(), failing.customers.count), (1, 7));
        assert_eq!(failing.customers.named.len(), NAMED);
        assert!(!failing.example.contains("wang.wu@"), "{}", failing.example);
    }

    #[test]
    fn hours_are_those_of_the_limits() {
        let mut tally = Tally::default();
        for _ in 0..72 {
            let standing = Standing {
                may_have_row: true,
                ..Standing::default()
            };
            tally.add(&kept(&row("a")), Ok(Mapped::Record(row("b"))), &standing);
        }
        let hours = Hours::new(&Speeds::default(), None, Some(2.0));
        assert!((hours.of_rows(&tally) - 0.001).abs() < 1e-9 && !hours.is_told);
        assert!((hours.of_details(7_200) - 1.0).abs() < 1e-9);
    }
}
