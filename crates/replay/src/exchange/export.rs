//! Writing letters as lines of JSON; changes nothing.

use super::line::Line;
use crate::{
    browse::{browser::Taken, filter::Filter},
    error::Result,
    workspace::Workspace,
};
use std::io::Write;

/// Writes the chosen letters; returns how many.
///
/// # Errors
/// When the broker goes away or the output cannot be written.
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
    Ok(written)
}
