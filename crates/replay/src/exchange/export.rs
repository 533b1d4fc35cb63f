//! Writing letters as lines of JSON; changes nothing, and is on record.

use super::line::Line;
use crate::{
    audit::{self, Note},
    browse::{browser::Taken, filter::Filter},
    error::Result,
    workspace::Workspace,
};
use serde_json::json;
use std::io::Write;

/// Writes the chosen letters, with their bodies and customers' data only with `reveal`; returns how many.
///
/// # Errors
/// When the broker goes away or the output cannot be written; when Redis is away, in which who has exported what is kept.
pub async fn export(
    workspace: &Workspace,
    filter: &Filter,
    reveal: bool,
    out: &mut (dyn Write + Send),
) -> Result<u64> {
    let mut written = 0;
    let browser = workspace.browse("export").await?;
    let visit = async |taken: Taken| {
        if filter.matches(&taken.letter) {
            let line = Line::of(workspace, taken.letter, reveal);
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
            written += 1;
        }
        Ok(filter.go_on(written))
    };
    browser.walk(visit).await?;
    out.flush()?;
    let note = Note {
        action: "export",
        filter: filter.to_string(),
        result: json!({"exported": written, "revealed": reveal}),
        ..Note::default()
    };
    audit::append(workspace, note).await?;
    Ok(written)
}
