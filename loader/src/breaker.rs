//! A refusal that is not documented and that hits every row is no fault of the rows.
//!
//! An unknown code is taken to be about a row, because splitting then finds the bad one. When the same unknown code
//! refuses one customer after the other and nothing lands in between, that was wrong: the stage pauses with the code in
//! its message, instead of giving up the whole backlog one by one.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Different customers in a row before it is not about them.
const IN_A_ROW: usize = 20;

/// What has been refused since something was written the last time.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Refused>);

#[derive(Debug, Default)]
struct Refused {
    code: u32,
    companies: HashSet<String>,
}

impl Breaker {
    /// The row of a customer was refused with a code that is not documented; `true` when it is not about the row.
    pub(crate) fn refused(&self, code: u32, company_id: &str) -> bool {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.code != code {
            *refused = Refused {
                code,
                companies: HashSet::new(),
            };
        }
        if refused.companies.len() < IN_A_ROW {
            refused.companies.insert(company_id.to_owned());
        }
        refused.companies.len() >= IN_A_ROW
    }

    /// A row was written: the vendor works.
    pub(crate) fn written(&self) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.companies.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_customers_in_a_row_with_one_code_break() {
        let breaker = Breaker::default();
        let many = |code: u32, count: usize| (0..count).any(|n| breaker.refused(code, &n.to_string()));
        assert!(!(0..100).any(|_| breaker.refused(1, "always the same")));
        assert!(!many(2, IN_A_ROW - 1));
        assert!(!many(3, IN_A_ROW - 1), "another code counts anew");
        breaker.written();
        assert!(!many(3, IN_A_ROW - 1), "something was written in between");
        assert!(many(3, IN_A_ROW));
        assert!(breaker.refused(3, "the next one"), "until something is written");
        breaker.written();
        assert!(!breaker.refused(3, "0"));
    }
}
