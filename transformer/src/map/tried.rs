//! What a mapping makes of a record, for people.

use proto::v1::FieldValue;

use super::{FieldInfo, RowError};

/// One field of a tried record.
#[derive(Debug)]
pub struct Tried {
    /// Which field.
    pub info: FieldInfo,
    /// What would be sent.
    pub value: Result<FieldValue, RowError>,
    /// What is worth knowing.
    pub notices: Vec<String>,
}
