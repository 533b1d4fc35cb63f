//! What a merge may delete, decided from the list alone: only rows whose key looks like a company id, few of each customer,
//! and only a small share of the form.

use std::fmt;

use crate::jdy::key::{is_company_id, is_phone};
use crate::ledger::Duplicate;

/// Of the keys that stand in several rows, so many per cent may be something else than a company id: a row typed by hand.
/// With more of them the key widget does not hold company ids at all.
const ODD_KEYS: usize = 5;
/// More rows than this of one customer are no accident of a loader: something else writes that key.
const MOST_OF_ONE: usize = 10;

/// A customer with several rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) company: String,
    /// The oldest row.
    pub(super) kept: String,
    /// The rows that would go.
    pub(super) extras: Vec<String>,
}

/// Customers whose rows a merge does not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftAlone {
    key: String,
    rows: usize,
    is_odd: bool,
}

impl fmt::Display for LeftAlone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, rows, is_odd } = self;
        // A key that is no id may be anything, a name or an e-mail address.
        let key = pipeline::mask::mask_text(key);
        match is_odd {
            true => write!(
                formatter,
                "{}",
                words::tr!("{rows} rows with the key `{key}`, which is no company id")
            ),
            false => write!(
                formatter,
                "{}",
                words::tr!(
                    "{rows} rows with the key {key}: more than {MOST_OF_ONE} rows of one customer are no accident; find out \
                 what writes them"
                )
            ),
        }
    }
}

/// The list, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    pub(super) customers: Vec<Listed>,
    pub(super) left_alone: Vec<LeftAlone>,
}

/// Why nothing may be deleted.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Refused {
    #[error("{}", words::tr!("{odd} of {keys} keys that stand in several rows are no company ids, so JDY_KEY_WIDGET is not the widget that holds \
         them; nothing was deleted: check which widget it names, and what else fills that widget"))]
    Keys { odd: usize, keys: usize },
    #[error("{}", words::tr!("{extra} of {rows} rows would go, more than {most:.1} %; nothing was deleted: check the list, and allow it with \
         --merge-at-most if it is right"))]
    Share { extra: usize, rows: u64, most: f64 },
}

/// Groups the list, which is sorted by company, and takes out what is not to be touched.
pub(super) fn sort(duplicates: Vec<Duplicate>) -> Sorted {
    let mut listed: Vec<Listed> = Vec::new();
    for Duplicate { company, kept, extra } in duplicates {
        match listed.last_mut().filter(|last| last.company == company) {
            Some(last) => last.extras.push(extra),
            None => listed.push(Listed {
                company,
                kept,
                extras: vec![extra],
            }),
        }
    }
    let mut sorted = Sorted::default();
    for customer in listed {
        let is_odd = !is_company_id(&customer.company) || is_phone(&customer.company);
        let rows = customer.extras.len() + 1;
        if is_odd || rows > MOST_OF_ONE {
            sorted.left_alone.push(LeftAlone {
                key: customer.company,
                rows,
                is_odd,
            });
        } else {
            sorted.customers.push(customer);
        }
    }
    sorted
}

impl Sorted {
    /// Rows that would go.
    pub(super) fn extras(&self) -> usize {
        self.customers.iter().map(|customer| customer.extras.len()).sum()
    }

    /// Whether that may be, in a form of so many rows with a key.
    pub(super) fn judge(&self, rows: u64, most: f64) -> Result<(), Refused> {
        let odd = self.left_alone.iter().filter(|left| left.is_odd).count();
        let keys = self.customers.len() + self.left_alone.len();
        if odd * 100 > keys * ODD_KEYS {
            return Err(Refused::Keys { odd, keys });
        }
        let extra = self.extras();
        if extra as f64 > rows as f64 * most {
            let most = most * 100.0;
            return Err(Refused::Share { extra, rows, most });
        }
        Ok(())
    }
}

/// A percentage as a share.
pub(super) fn share(text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
    let percent = number.filter(|percent| (0.0..=100.0).contains(percent))?;
    Some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicates(keys: &[(&str, usize)]) -> Vec<Duplicate> {
        let of = |(key, extras): &(&str, usize)| {
            let duplicate = |extra: usize| Duplicate {
                company: (*key).to_owned(),
                kept: "0".to_owned(),
                extra: extra.to_string(),
            };
            (1..=*extras).map(duplicate).collect::<Vec<_>>()
        };
        keys.iter().flat_map(of).collect()
    }

    #[test]
    fn a_few_rows_of_real_customers_may_go() {
        let sorted = sort(duplicates(&[("11520036821001", 2), ("11520036821002", 1)]));
        assert_eq!(sorted.extras(), 3);
        assert_eq!(sorted.judge(30, 0.1), Ok(()));
        let refused = sorted.judge(29, 0.1).unwrap_err();
        assert!(
            matches!(
                refused,
                Refused::Share {
                    extra: 3,
                    rows: 29,
                    ..
                }
            ),
            "{refused}"
        );
    }

    #[test]
    fn keys_that_are_no_ids_refuse_the_whole_merge() {
        let names = sort(duplicates(&[("ACME", 3), ("Globex", 95), ("11520036821001", 1)]));
        assert_eq!(names.judge(100_000, 0.1), Err(Refused::Keys { odd: 2, keys: 3 }));
        for key in ["000", "1.152E+13", "１２３", "12 3", "123456789012345678901"] {
            let one = sort(duplicates(&[(key, 1)]));
            assert!(one.judge(100_000, 1.0).is_err(), "{key}");
        }
    }

    #[test]
    fn an_odd_key_among_many_and_a_crowd_are_left_alone() {
        let mut keys: Vec<(String, usize)> = (1..=40).map(|n| (n.to_string(), 1)).collect();
        keys.push(("test".to_owned(), 2));
        keys.push(("41".to_owned(), MOST_OF_ONE));
        let keys: Vec<(&str, usize)> = keys.iter().map(|(key, extras)| (key.as_str(), *extras)).collect();
        let sorted = sort(duplicates(&keys));
        assert_eq!((sorted.customers.len(), sorted.left_alone.len()), (40, 2));
        assert_eq!(sorted.judge(1000, 0.1), Ok(()));
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!(share("10"), Some(0.1));
        assert_eq!(share(" 2.5 % "), Some(0.025));
        for wrong in ["-1", "101", "ten", ""] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }
}
