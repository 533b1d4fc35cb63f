//! Whose a row is, from what is known of it.

use super::catalogue::{Entry, SEVERAL};

/// Whose a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// The ledger knows this customer for it.
    Known(String),
    /// It shows what this customer alone would write, and no other row without a key does.
    Exact(String),
    /// For a person to decide.
    Unclear(&'static str),
    /// No customer that waits would write this.
    Nobody,
    /// It shows nothing to compare.
    Blank,
}

pub(super) const SEVERAL_CUSTOMERS: &str = words::mark!("several customers have this content");
pub(super) const SEVERAL_ROWS: &str = words::mark!("several rows without a key show this content");
pub(super) const HAS_ROW: &str = words::mark!("the customer has a row with its key already");

impl Owner {
    /// `has_content`: something could be compared.
    pub(super) fn of(entry: Entry, has_content: bool) -> Self {
        if let Some(company) = entry.known {
            return Self::Known(company);
        }
        if !has_content {
            return Self::Blank;
        }
        match entry.customer {
            None => Self::Nobody,
            Some(company) if company == SEVERAL => Self::Unclear(SEVERAL_CUSTOMERS),
            Some(_) if entry.row.as_deref() == Some(SEVERAL) => Self::Unclear(SEVERAL_ROWS),
            Some(company) => Self::Exact(company),
        }
    }

    /// The customer whose key the row gets.
    pub(super) fn company(&self) -> Option<&str> {
        match self {
            Self::Known(company) | Self::Exact(company) => Some(company),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_customer_for_only_one_row_is_exact() {
        let entry = |known: &str, customer: &str, row: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Entry {
                known: some(known),
                customer: some(customer),
                row: some(row),
            }
        };
        let exact = Owner::of(entry("", "7", "r"), true);
        assert_eq!((exact.company(), &exact), (Some("7"), &Owner::Exact("7".into())));
        assert_eq!(Owner::of(entry("", "", "r"), true), Owner::Nobody);
        assert_eq!(
            Owner::of(entry("", "*", "r"), true),
            Owner::Unclear(SEVERAL_CUSTOMERS)
        );
        assert_eq!(Owner::of(entry("", "7", "*"), true), Owner::Unclear(SEVERAL_ROWS));
        assert_eq!(Owner::of(entry("", "", ""), false), Owner::Blank);
        let known = Owner::of(entry("8", "7", "*"), true);
        assert_eq!(known.company(), Some("8"), "the ledger knows best");
        assert_eq!(Owner::of(entry("8", "", ""), false).company(), Some("8"));
    }
}
