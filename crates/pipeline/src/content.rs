//! What makes two records the same for the form: operation and fields, whatever the version, the run or the time.

use prost::Message;
use proto::v1::FormRecord;
use sha2::{Digest, Sha256};

/// The digest that the loader compares: the same content at another time has the same one.
#[must_use]
pub fn content_hash(record: &FormRecord) -> Vec<u8> {
    let content = FormRecord {
        operation: record.operation,
        fields: record.fields.clone(),
        ..FormRecord::default()
    };
    Sha256::digest(content.encode_to_vec())[..16].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::FieldValue;

    #[test]
    fn only_operation_and_fields_count() {
        let field = FieldValue {
            field: "f".to_owned(),
            ..FieldValue::default()
        };
        let record = FormRecord {
            fields: vec![field],
            ..FormRecord::default()
        };
        let later = FormRecord {
            run_id: "another".to_owned(),
            fetched_at: 7,
            ..record.clone()
        };
        assert_eq!(content_hash(&record), content_hash(&later));
        let removal = FormRecord {
            operation: proto::v1::Operation::Remove.into(),
            ..record.clone()
        };
        assert_ne!(content_hash(&record), content_hash(&removal));
        assert_ne!(content_hash(&record), content_hash(&FormRecord::default()));
    }
}
