//! What a mapping makes of a snapshot: the one place where that is decided, for the stage and for whoever asks beforehand.

use mapping::{
    clean::{self, CleanError},
    surrogate,
};
use pipeline::{content::content_hash, failure::Failure, snapshots::Content};
use prost::Message;
use proto::v1::{CompanySnapshot, FieldValue, FormRecord, Operation, field_value::Value};
use sha2::{Digest, Sha256};

use crate::map::Mapping;

/// What a snapshot turned into.
pub(crate) enum Mapped {
    Record(Box<FormRecord>),
    /// Dropped by this rule, and what a loader that may have written a row is told.
    Dropped(&'static str, Box<FormRecord>),
}

/// A detail whose characters are whole, and how many halves of some were replaced.
pub(crate) fn whole(snapshot: &CompanySnapshot) -> (std::borrow::Cow<'_, [u8]>, usize) {
    // One half of a character costs that character, not the customer.
    surrogate::repaired(&snapshot.detail_json)
}

/// The record of a customer with these details, or of one that is gone.
pub(crate) fn record(
    mapping: &Mapping,
    snapshot: &CompanySnapshot,
    detail: &[u8],
    revision: u64,
) -> Result<Mapped, Failure> {
    if snapshot.removed {
        return Ok(Mapped::Record(built(
            mapping,
            snapshot,
            revision,
            Operation::Remove,
            Vec::new(),
        )));
    }
    let mut record = clean::read(detail, mapping.wanted(), mapping.zone()).map_err(|problem| {
        let code = match problem {
            CleanError::NotJson(_) => "detail-not-json",
            CleanError::NotAnObject(_) => "detail-shape",
        };
        Failure::new(code, problem.to_string())
    })?;
    let now = jiff::Timestamp::now();
    if let Some(reason) = mapping.filter(&mut record, now) {
        let mut leaving = built(mapping, snapshot, revision, Operation::Remove, Vec::new());
        leaving.filtered = true;
        return Ok(Mapped::Dropped(reason, leaving));
    }
    let fields = mapping.map(&record, now).map_err(|error| Failure {
        field: Some(format!("{} ({})", error.label, error.field)),
        expression: Some(error.expression.clone()),
        ..Failure::new(error.code, error.reason.clone())
    })?;
    Ok(Mapped::Record(built(
        mapping,
        snapshot,
        revision,
        Operation::Upsert,
        fields,
    )))
}

fn built(
    mapping: &Mapping,
    snapshot: &CompanySnapshot,
    revision: u64,
    operation: Operation,
    fields: Vec<FieldValue>,
) -> Box<FormRecord> {
    let mut record = FormRecord {
        company_id: snapshot.company_id.clone(),
        version: snapshot.version,
        content_hash: Default::default(),
        operation: operation.into(),
        fields,
        mapping_fingerprint: mapping.fingerprint().to_owned(),
        run_id: snapshot.run_id.clone(),
        fetched_at: snapshot.fetched_at,
        lane: snapshot.lane,
        settled: snapshot.settled,
        filtered: snapshot.filtered,
        unlisted: snapshot.unlisted,
        mapping_revision: revision,
    };
    record.content_hash = content_hash(&record).into();
    Box::new(record)
}

/// What tells rows with other cells apart. Captions are no part of a row, so another one changes nothing.
pub(crate) fn content(record: &FormRecord) -> Content {
    let bare = FormRecord {
        operation: record.operation,
        fields: record.fields.iter().cloned().map(without_caption).collect(),
        ..FormRecord::default()
    };
    let digest = Sha256::digest(bare.encode_to_vec());
    let mut content = Content::default();
    content.copy_from_slice(&digest[..Content::default().len()]);
    content
}

fn without_caption(mut cell: FieldValue) -> FieldValue {
    cell.label.clear();
    if let Some(Value::Subform(subform)) = &mut cell.value {
        for row in &mut subform.rows {
            row.fields = std::mem::take(&mut row.fields)
                .into_iter()
                .map(without_caption)
                .collect();
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::{Subform, SubformRow};

    fn cell(label: &str, text: &str) -> FieldValue {
        FieldValue {
            field: "f".into(),
            label: label.into(),
            value: Some(Value::Text(text.into())),
        }
    }

    #[test]
    fn rows_are_told_apart_by_their_cells_and_not_by_captions() {
        let of = |fields: Vec<FieldValue>| {
            content(&FormRecord {
                fields,
                run_id: "any".into(),
                ..FormRecord::default()
            })
        };
        let rows = |label: &str, text: &str| {
            let row = SubformRow {
                fields: vec![cell(label, text)],
            };
            let mut cell = cell("rows", "");
            cell.value = Some(Value::Subform(Subform { rows: vec![row] }));
            cell
        };
        assert_eq!(of(vec![cell("name", "a")]), of(vec![cell("Name", "a")]));
        assert_ne!(of(vec![cell("name", "a")]), of(vec![cell("name", "b")]));
        assert_ne!(of(vec![cell("name", "a")]), of(Vec::new()));
        assert_eq!(of(vec![rows("name", "a")]), of(vec![rows("Name", "a")]));
        assert_ne!(of(vec![rows("name", "a")]), of(vec![rows("name", "b")]));
    }
}
