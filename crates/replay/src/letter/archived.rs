//! Why a letter is in the archive; travels in a header of its own.

use serde::{Deserialize, Serialize};

/// Why a letter is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// The operation, for `undo`: a discard, or the plan that repaired the letter.
    pub operation: String,
    /// Who did it.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// Unix milliseconds.
    pub at: i64,
}
