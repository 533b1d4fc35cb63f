//! `operation` of a target: how several records become one request.

use super::super::json::Node;
use super::super::reader::{Reader, get};
use super::is_something;

/// `operation` of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Operation {
    /// One record, one row.
    #[default]
    Single,
    /// `batchArraySave`: rows are collected; our loader batches anyway.
    Batch {
        /// `rowsKey`.
        rows_key: String,
    },
}

pub(super) fn operation(reader: &mut Reader<'_>, node: Option<&Node>) -> Operation {
    let Some(node) = node.filter(|node| is_something(node)) else {
        return Operation::Single;
    };
    let members = reader.object(node, "operation");
    reader.unknown_keys(members, &["method", "rowsKey"], "operation");
    let method = reader
        .text(get(members, "method"), "operation.method")
        .unwrap_or_default();
    match method.to_ascii_lowercase().as_str() {
        "" | "none" => {
            if let Some(rows) = members.iter().find(|member| member.key == "rowsKey") {
                reader.idle(
                    rows.key_start,
                    words::text!("\"rowsKey\" has no effect: the operation has no method"),
                );
            }
            Operation::Single
        }
        "batcharraysave" => {
            reader.idle(
                node.range.start,
                words::text!(
                    "the operation batchArraySave has no effect: rows are always collected into batches"
                ),
            );
            let rows_key = reader
                .text(get(members, "rowsKey"), "operation.rowsKey")
                .unwrap_or_else(|| "array".to_owned());
            Operation::Batch { rows_key }
        }
        _ => {
            let message = words::tr!("operation \"{method}\" is not supported");
            reader.problem(
                node.range.start,
                message,
                Some(words::text!(
                    "leave it out (one record, one row) or write batchArraySave"
                )),
            );
            Operation::Single
        }
    }
}
