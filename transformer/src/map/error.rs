//! A record that cannot be mapped.

/// Which field failed and why; the reason holds no data of the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::tr!("field \"{label}\" ({field}): {reason}; expression: {expression}"))]
pub struct RowError {
    /// Target field.
    pub field: String,
    /// Its label.
    pub label: String,
    /// The expression as written.
    pub expression: String,
    /// What went wrong.
    pub reason: String,
    /// Stable reason code.
    pub code: &'static str,
}
