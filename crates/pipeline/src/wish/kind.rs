//! What can be wished for, and which program does it.

use super::error::Error;
use crate::stage::Stage;
use serde::{Deserialize, Serialize};

/// So many customers can be asked for at a time.
pub const MOST_IDS: usize = 500;
/// The beginning of 2000, unix seconds: nothing changed in the CRM before.
const EARLIEST: i64 = 946_684_800;
/// Clocks differ; a day is enough for any of them.
const DAY_S: i64 = 86_400;
/// As long as any number of the vendor.
const LONGEST_ID: usize = 20;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WishKind {
    /// List what has changed up to now, without waiting for the schedule.
    ListNow,
    /// Fetch and write these customers, whatever is known of them.
    Customers {
        /// As the CRM has them.
        ids: Vec<String>,
    },
    /// List again what has changed between two times.
    Period {
        /// First second, unix time.
        from: i64,
        /// Last second, unix time.
        to: i64,
    },
    /// Compare everything that the CRM lists with everything that was loaded.
    Reconcile {
        /// Have what differs fetched again.
        fix: bool,
    },
    /// Read the whole form again.
    ReadForm,
    /// Send a test notice from a replica of this stage.
    TestNotice {
        /// Which.
        #[serde(with = "stage_word")]
        stage: Stage,
    },
}

impl WishKind {
    /// The stage whose program does it.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::ListNow | Self::Customers { .. } | Self::Period { .. } | Self::Reconcile { .. } => {
                Stage::Extract
            }
            Self::ReadForm => Stage::Load,
            Self::TestNotice { stage } => *stage,
        }
    }

    /// One wish of a lane is under way at a time.
    #[must_use]
    pub const fn lane(&self) -> &'static str {
        match self {
            Self::ListNow => "list-now",
            Self::Customers { .. } => "customers",
            Self::Period { .. } => "period",
            Self::Reconcile { .. } => "reconcile",
            Self::ReadForm => "read-form",
            Self::TestNotice { stage } => Self::notices(*stage),
        }
    }

    /// The lane of test notices of a stage.
    pub(crate) const fn notices(stage: Stage) -> &'static str {
        match stage {
            Stage::Extract => "test-notice-extract",
            Stage::Transform => "test-notice-transform",
            Stage::Load => "test-notice-load",
        }
    }

    /// In a few words, for people.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::ListNow => words::tr!("list now"),
            Self::Customers { ids } if ids.len() == 1 => words::tr!("customer {}", ids.concat()),
            Self::Customers { ids } => words::tr!("{} customers", ids.len()),
            Self::Period { from, to } => words::tr!("changes from {} to {}", instant(*from), instant(*to)),
            Self::Reconcile { fix: false } => words::tr!("compare with OKKI"),
            Self::Reconcile { fix: true } => words::tr!("compare with OKKI and fetch again what differs"),
            Self::ReadForm => words::tr!("read the form again"),
            Self::TestNotice { stage } => words::tr!("a test notice of {}", stage.program()),
        }
    }

    /// The same with its arguments in order, or why it cannot be.
    pub(super) fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Customers { ids } => Ok(Self::Customers {
                ids: checked_ids(ids)?,
            }),
            Self::Period { from, to } if from > to => Err(Error::Period),
            Self::Period { from, to }
                if from < EARLIEST || to > jiff::Timestamp::now().as_second() + DAY_S =>
            {
                Err(Error::Elsewhen)
            }
            kind => Ok(kind),
        }
    }
}

fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn checked_ids(ids: Vec<String>) -> Result<Vec<String>, Error> {
    let mut ids: Vec<String> = ids.iter().map(|id| id.trim().to_owned()).collect();
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    ids.dedup();
    let is_id = |id: &str| {
        id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0')
    };
    if let Some(wrong) = ids.iter().find(|id| !is_id(id)) {
        return Err(Error::NoId(wrong.chars().take(LONGEST_ID * 2).collect()));
    }
    match ids.len() {
        0 => Err(Error::NoCustomer),
        count if count > MOST_IDS => Err(Error::TooManyCustomers(count, MOST_IDS)),
        _ => Ok(ids),
    }
}

/// A stage as its word.
pub(super) mod stage_word {
    use crate::stage::Stage;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::wish) fn serialize<S: Serializer>(stage: &Stage, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(stage.name())
    }

    pub(in crate::wish) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Stage, D::Error> {
        let word = String::deserialize(from)?;
        Stage::named(&word).ok_or_else(|| D::Error::custom("no stage has this name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customers(ids: &[&str]) -> Result<WishKind, Error> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        WishKind::Customers { ids }.checked()
    }

    #[test]
    fn ids_are_numbers_in_order_and_count_once() {
        let WishKind::Customers { ids } = customers(&[" 8 ", "7", "8", ""]).unwrap() else {
            panic!("another kind")
        };
        assert_eq!(ids, ["7", "8"]);
        assert!(matches!(customers(&[""]), Err(Error::NoCustomer)));
        for wrong in ["x", "-7", "07", "7.0", "７", "123456789012345678901"] {
            assert!(matches!(customers(&["7", wrong]), Err(Error::NoId(_))), "{wrong}");
        }
        let many: Vec<String> = (1..=MOST_IDS + 1).map(|id| id.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(matches!(customers(&many), Err(Error::TooManyCustomers(501, 500))));
    }

    #[test]
    fn a_period_goes_forward() {
        let of = |from, to| WishKind::Period { from, to }.checked();
        assert!(matches!(of(2, 1), Err(Error::Period)));
        assert!(of(EARLIEST, EARLIEST).is_ok());
        for (from, to) in [(i64::MIN, i64::MAX), (1, 2), (9_999_999_999, 99_999_999_999)] {
            assert!(matches!(of(from, to), Err(Error::Elsewhen)), "{from} {to}");
        }
    }

    #[test]
    fn kinds_are_read_as_they_were_written() {
        for (kind, text) in [
            (WishKind::ListNow, r#"{"kind":"list-now"}"#),
            (
                WishKind::Period { from: 1, to: 2 },
                r#"{"kind":"period","from":1,"to":2}"#,
            ),
            (
                WishKind::Reconcile { fix: true },
                r#"{"kind":"reconcile","fix":true}"#,
            ),
            (
                WishKind::TestNotice { stage: Stage::Load },
                r#"{"kind":"test-notice","stage":"load"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), text);
            assert_eq!(serde_json::from_str::<WishKind>(text).unwrap(), kind);
        }
    }
}
