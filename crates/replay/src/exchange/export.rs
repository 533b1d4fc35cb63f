//! Writing letters as lines of JSON; changes nothing.

use super::line::Line;
use crate::{browse::filter::Filter, workspace::Workspace};
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
) -> anyhow::Result<u64> {
    let mut browser = workspace.browse("export").await?;
    let mut written = 0;
    while !filter.is_full(written) {
        let Some(taken) = browser.next().await? else { break };
        if filter.matches(&taken.letter) {
            let line = Line::of(workspace, taken.letter, reveal);
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
            written += 1;
        }
        workspace.check()?;
    }
    out.flush()?;
    browser.close().await?;
    Ok(written)
}
