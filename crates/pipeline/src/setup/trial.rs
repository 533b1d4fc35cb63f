//! What a mapping would make of some customers, for who sets a pipeline up.

use serde::{Deserialize, Serialize};
use words::Language;

/// A mapping on trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What is wrong, each with its line; the mapping cannot be used while there is any.
    pub problems: Vec<String>,
    /// What may not be meant.
    pub warnings: Vec<String>,
    /// The mapping's fingerprint; empty when it cannot be used.
    #[serde(default)]
    pub fingerprint: String,
    /// What it fills.
    pub fields: Vec<TriedField>,
    /// What it makes of each customer.
    pub customers: Vec<TriedCustomer>,
}

/// The same in both languages, so that a page can change its language without asking again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trials {
    /// In English.
    pub english: Trial,
    /// In Chinese.
    pub chinese: Trial,
}

impl Trials {
    /// Tries twice; what was found wrong is the same.
    #[must_use]
    pub fn of(mut tried: impl FnMut() -> Trial) -> Self {
        Self {
            english: words::scoped(Language::English, &mut tried),
            chinese: words::scoped(Language::Chinese, &mut tried),
        }
    }

    /// In the language that is spoken.
    #[must_use]
    pub fn spoken(&self) -> &Trial {
        match words::current() {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }

    /// Adds something that is wrong.
    pub fn add_problem(&mut self, told: impl Fn() -> String) {
        self.english
            .problems
            .push(words::scoped(Language::English, &told));
        self.chinese
            .problems
            .push(words::scoped(Language::Chinese, &told));
    }
}

/// A widget that a mapping fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedField {
    /// The name under which it is written.
    pub widget: String,
    /// Its caption.
    pub label: String,
    /// As the document writes it.
    pub expression: String,
    /// The same in words.
    pub words: Vec<String>,
}

/// A customer as it would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedCustomer {
    /// Its id; empty where the answer has none.
    pub company_id: String,
    /// Why it would not be written at all.
    pub filtered: Option<String>,
    /// In the order of the fields.
    pub cells: Vec<TriedCell>,
    /// What would be lost.
    pub warnings: Vec<String>,
}

/// The row of a customer as the form shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSheet {
    /// Its id; `None`: there is no row.
    pub row_id: Option<String>,
    /// Cells as a person reads them, by the names under which they are written.
    pub cells: std::collections::BTreeMap<String, String>,
    /// More rows of the same customer.
    pub others: usize,
}

/// A cell as it would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedCell {
    /// What is read for it, `name = value` each.
    pub read: Vec<String>,
    /// As a person reads it.
    pub value: String,
    /// Why there is none.
    pub error: Option<String>,
}
