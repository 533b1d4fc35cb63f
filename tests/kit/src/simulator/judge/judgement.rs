//! The result in numbers and examples, and what may be asked of the judge.

use serde::{Deserialize, Serialize};

use crate::simulator::jdy::TransactionReport;
use crate::simulator::traffic::VendorReport;

/// Examples kept of each finding.
const EXAMPLES: usize = 20;

/// What ties a row to a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// The key widget, or the company name when the form has no such widget.
    #[default]
    Auto,
    /// This widget holds the company id.
    Widget(String),
    /// The company name, also an earlier one.
    Name,
}

/// What to judge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeOptions {
    /// Entry id of the form; the first form when missing.
    pub form: Option<String>,
    /// How rows are tied to customers.
    pub tie: Tie,
}

/// One finding about one row or customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Example {
    /// Which customer, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<i64>,
    /// Which row, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// What is the matter.
    pub detail: String,
}

/// The first 20 examples of each finding.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Examples {
    /// Customers without a row.
    pub missing: Vec<Example>,
    /// Rows beyond a customer's first.
    pub duplicates: Vec<Example>,
    /// Rows that equal an earlier revision.
    pub stale: Vec<Example>,
    /// Rows without contents.
    pub blank: Vec<Example>,
    /// Cells that equal neither now nor earlier.
    pub wrong_cells: Vec<Example>,
    /// Rows of customers that were removed.
    pub extra: Vec<Example>,
    /// Rows that belong to no customer.
    pub foreign: Vec<Example>,
}

/// What the judge found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// Customers that exist now.
    pub source_customers: usize,
    /// Rows of the form.
    pub form_rows: usize,
    /// Customers without a row.
    pub missing: usize,
    /// Rows beyond a customer's first.
    pub duplicates: usize,
    /// Rows that equal an earlier revision.
    pub stale: usize,
    /// Rows without contents.
    pub blank: usize,
    /// Cells that equal neither now nor earlier.
    pub wrong_cells: usize,
    /// Rows of customers that were removed.
    pub extra: usize,
    /// Rows that belong to no customer.
    pub foreign: usize,
    /// Calls over a limit, both vendors.
    pub quota_violations: u64,
    /// `transaction_id`s that came with two different row sets, and the like.
    pub transactions: TransactionReport,
    /// Some of each.
    pub examples: Examples,
}

impl Judgement {
    /// Nothing missing, doubled, stale, blank, wrong, left over or foreign.
    pub fn is_equal(&self) -> bool {
        let findings = [
            self.missing,
            self.duplicates,
            self.stale,
            self.blank,
            self.wrong_cells,
            self.extra,
            self.foreign,
        ];
        findings.iter().all(|count| *count == 0)
    }
}

/// Traffic of both vendors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stats {
    /// OKKI.
    pub okki: VendorReport,
    /// Jiandaoyun.
    pub jdy: VendorReport,
    /// For how long the simulator itself has stood still at most, in milliseconds.
    #[serde(default)]
    pub stood_still_ms: u64,
    /// `transaction_id`s.
    pub transactions: TransactionReport,
    /// Customers that exist now.
    pub source_customers: usize,
    /// Rows of all forms.
    pub form_rows: usize,
}

/// Keeps an example while there are few.
pub(super) fn note(
    list: &mut Vec<Example>,
    company_id: Option<i64>,
    row: Option<String>,
    detail: impl FnOnce() -> String,
) {
    if list.len() < EXAMPLES {
        list.push(Example {
            company_id,
            row,
            detail: detail(),
        });
    }
}
