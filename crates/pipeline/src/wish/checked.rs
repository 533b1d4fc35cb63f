//! What can be asked for at all: ids that are ids, periods that go forward, nothing that Redis is no place for.

use super::{error::Error, kind::WishKind};
use std::collections::BTreeMap;

/// So many customers can be asked for at a time.
pub const MOST_IDS: usize = 500;
/// The beginning of 2000, unix seconds: nothing changed in the CRM before.
const EARLIEST: i64 = 946_684_800;
/// Clocks differ; a day is enough for any of them.
const DAY_S: i64 = 86_400;
/// Clocks differ a little; nothing has changed after that.
const APART_S: i64 = 60;
/// As long as any number of the vendor.
const LONGEST_ID: usize = 20;
/// Characters of an app's, a form's or a widget's name.
const LONGEST_NAME: usize = 200;
/// Widgets of a form, far above what any has.
const MOST_WIDGETS: usize = 2_000;
/// Bytes of settings and document together.
const LARGEST: usize = 512 * 1024;

impl WishKind {
    /// The same with its arguments in order, or why it cannot be.
    pub(super) fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Customers { ids } => Ok(Self::Customers {
                ids: checked_ids(ids)?,
            }),
            Self::Period { from, to } if from > to => Err(Error::Period),
            Self::Period { from, .. } if from > jiff::Timestamp::now().as_second() + APART_S => {
                Err(Error::Elsewhen)
            }
            Self::Period { from, to }
                if from < EARLIEST || to > jiff::Timestamp::now().as_second() + DAY_S =>
            {
                Err(Error::Elsewhen)
            }
            Self::Customer { id } => Ok(Self::Customer { id: checked_id(id)? }),
            Self::Row { company_id } => Ok(Self::Row {
                company_id: checked_id(company_id)?,
            }),
            Self::Keys { sealed, .. } if !sealed.is_bounded() => Err(Error::Large),
            Self::FormSheet { app_id, entry_id, .. }
                if !is_vendor_id(&app_id) || !is_vendor_id(&entry_id) =>
            {
                Err(Error::NoForm)
            }
            Self::FormSheet {
                key_widget: Some(name),
                ..
            } if !is_name(&name) => Err(Error::NoForm),
            Self::Settings {
                settings, documents, ..
            } if size(&settings) + size(&documents) > LARGEST => Err(Error::Large),
            Self::TryMapping {
                documents, widgets, ..
            } if size(&documents) > LARGEST || widgets.len() > MOST_WIDGETS => Err(Error::Large),
            Self::Adopt { matched, .. }
                if matched.is_empty() || !matched.iter().all(|name| is_name(name)) =>
            {
                Err(Error::NoWidget)
            }
            kind => Ok(kind),
        }
    }
}

fn is_vendor_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
}

fn size(texts: &BTreeMap<String, String>) -> usize {
    texts.iter().map(|(name, text)| name.len() + text.len()).sum()
}

fn checked_id(id: String) -> Result<String, Error> {
    checked_ids(vec![id])?.pop().ok_or(Error::NoCustomer)
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
        let soon = jiff::Timestamp::now().as_second() + 3_600;
        for (from, to) in [
            (i64::MIN, i64::MAX),
            (1, 2),
            (9_999_999_999, 99_999_999_999),
            (soon, soon + 60),
        ] {
            assert!(matches!(of(from, to), Err(Error::Elsewhen)), "{from} {to}");
        }
    }
}
