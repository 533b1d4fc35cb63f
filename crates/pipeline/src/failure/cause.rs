//! Why a job failed, in words and codes that people and filters can use.

use serde::{Deserialize, Serialize};

/// Why a job failed, in words and codes that people and filters can use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Stable reason in kebab-case, for instance `mapping-error`.
    pub code: &'static str,
    /// One sentence; holds neither secrets nor unmasked customer data.
    pub message: String,
    /// What the vendor answered.
    pub vendor: Option<VendorAnswer>,
    /// The field at fault.
    pub field: Option<String>,
    /// The expression at fault.
    pub expression: Option<String>,
    /// Where in which batch the record was.
    pub batch: Option<BatchPosition>,
}

impl Failure {
    /// A failure with a reason and a sentence.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            ..Self::default()
        }
    }
}

/// A vendor's error, shortened and masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorAnswer {
    /// The vendor's own code, or the HTTP status.
    pub code: String,
    /// The vendor's text.
    pub message: String,
}

/// Place of a record in a vendor batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchPosition {
    /// Batch (transaction) id.
    pub id: String,
    /// Zero-based position.
    pub position: u32,
}
