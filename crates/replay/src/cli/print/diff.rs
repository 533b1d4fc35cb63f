//! What differs between two bodies.

use crate::letter::{difference::differences, exact};
use pipeline::mask::printable;
use serde_json::Value;
use std::io::{Result, Write};

/// Every value that differs, by the caption of its cell and its place.
pub(crate) fn diff(out: &mut impl Write, before: &Value, after: &Value) -> Result<()> {
    for one in differences(before, after) {
        let line = format!(
            "{}: {} → {}",
            one.named(),
            exact::write(&one.before),
            exact::write(&one.after)
        );
        writeln!(out, "  {}", printable(&line))?;
    }
    Ok(())
}
