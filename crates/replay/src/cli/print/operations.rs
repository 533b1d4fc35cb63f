//! Discards, undos and imports, as sentences.

use super::table;
use crate::{
    operation::{Kind, Operation, State},
    when::{time, zone_name},
};
use std::io::{Result, Write};

/// All of them, the open ones with what can be done.
pub(crate) fn operations(out: &mut impl Write, operations: &[Operation]) -> Result<()> {
    for one in operations {
        let Operation {
            id,
            reason,
            filter,
            moved,
            ..
        } = one;
        writeln!(out, "{id}  {}", words::said(one.state.name()))?;
        let what = match one.kind {
            Kind::Discard => words::text!("discarded"),
            Kind::Undo => words::text!("took back"),
            Kind::Import => words::text!("imported"),
        };
        let (operator, stage) = (&one.operator, &one.stage);
        let (at, filter) = (time(one.begun_at), words::retold(filter));
        let text =
            words::tr!("{at}: {operator} {what} {moved} letters of the {stage} stage ({filter}): {reason}");
        table::below(out, &text)?;
        match (one.state, one.kind) {
            (State::Interrupted, Kind::Import) => {
                table::below(
                    out,
                    &words::tr!("next: import the file again, or dead undo {id} --reason WHY"),
                )?;
            }
            (State::Interrupted, _) => {
                table::below(
                    out,
                    &words::tr!("next: dead resume {id}, or dead undo {id} --reason WHY"),
                )?;
            }
            _ => {}
        }
    }
    match operations.len() {
        0 => writeln!(out, "{}", words::tr!("no discard, undo or import within 40 days")),
        count => writeln!(
            out,
            "{}",
            words::tr!(
                "{count} operation{}; times are in {}",
                words::plural(count == 1),
                zone_name()
            )
        ),
    }
}
