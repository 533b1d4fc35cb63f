//! What the account of events says about the row of a record.

use pipeline::events::What;

/// What the account of events says about a row, beyond the record's disposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowEvent {
    pub(crate) what: Option<What>,
    pub(crate) row_id: String,
}

impl RowEvent {
    /// A row that nothing was done to.
    pub(super) fn of(row_id: &str) -> Self {
        Self {
            what: None,
            row_id: proven(row_id).to_owned(),
        }
    }

    /// Something was done to a row.
    pub(super) fn new(what: What, row_id: &str) -> Self {
        Self {
            what: Some(what),
            ..Self::of(row_id)
        }
    }
}

/// The id without the mark that says that it was taken from an answer by its place.
fn proven(row_id: &str) -> &str {
    row_id.strip_prefix('?').unwrap_or(row_id)
}
