//! Entries of the audit log.

use super::table::{self, Column};
use crate::{audit::Entry, when::time};
use std::io::{Result, Write};

const AUDIT: [Column; 5] = [
    Column("AT", 20, false),
    Column("ACTION", 14, false),
    Column("STAGE", 9, false),
    Column("BY", 12, false),
    Column("SUBJECT", 26, false),
];

/// One entry, after a headline for the first.
pub(crate) fn audit(out: &mut impl Write, entry: &Entry, first: bool) -> Result<()> {
    if first {
        table::head(out, &AUDIT, "REASON / FILTER / RESULT")?;
    }
    let ms = entry.id.split('-').next().and_then(|ms| ms.parse().ok());
    let cells = vec![
        time(ms.unwrap_or(0)),
        entry.action.clone(),
        entry.stage.clone(),
        entry.operator.clone(),
        entry.subject.clone(),
    ];
    table::row(out, &AUDIT, cells)?;
    for text in [&entry.reason, &entry.filter, &entry.result] {
        table::below(out, text)?;
    }
    if !entry.intact {
        table::below(out, "DOES NOT FIT ITS DIGEST")?;
    }
    Ok(())
}
