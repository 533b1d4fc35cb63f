//! What a row was mapped from, where it is still kept.
//!
//! Nobody keeps a snapshot once it is mapped. It is there only when it died itself, or when a letter of it was repaired or
//! discarded: among the dead letters of the transform stage, or in its archive.

use super::Taken;
use crate::{error::Result, letter::Letter, workspace::Workspace};
use pipeline::{message::Subject, stage::Stage};
use proto::v1::CompanySnapshot;
use std::ops::ControlFlow;

/// The letter with the snapshot of the same state of the same customer; `None`: it is not kept.
///
/// # Errors
/// When the broker is away, or another operator browses these letters.
pub async fn source_of(workspace: &Workspace, row: &Letter) -> Result<Option<Letter>> {
    for archived in [false, true] {
        let mut found = None;
        let purpose = words::text!("look for the source of a row");
        let browser = workspace.browse_at(Stage::Transform, archived, purpose).await?;
        let visit = async |taken: Taken| {
            let letter = taken.letter;
            let same = letter.kind() == CompanySnapshot::TYPE
                && letter.record.company_id == row.record.company_id
                && letter.record.version == row.record.version;
            if same {
                found = Some(letter);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        };
        browser.walk(visit).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
