//! One letter by its id, as it lies in its queue.

use super::browser::Taken;
use crate::{
    error::{Error, Result},
    letter::Letter,
    workspace::Workspace,
};
use pipeline::failure::identity;
use std::ops::ControlFlow;

/// The first letter that `id` means, of the dead letters or of the archive. Dropped, it gives the letters back.
///
/// # Errors
/// When there is none, the broker is away, or another operator browses for too long.
pub async fn find(workspace: &Workspace, archived: bool, id: &str) -> Result<Letter> {
    let mut found = None;
    let browser = workspace.browse_at(workspace.stage, archived, "show").await?;
    let withheld = browser.withheld();
    let visit = async |taken: Taken| {
        if identity::means(id, &taken.letter.record.id) {
            found = Some(taken.letter);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    };
    browser.walk(visit).await?;
    found.ok_or_else(|| Error::NotFound {
        what: if archived {
            words::text!("archived letter")
        } else {
            words::text!("dead letter")
        },
        id: id.to_owned(),
        hint: words::tr!(
            "in the {} stage; `dead list` prints the ids{}",
            workspace.stage,
            withheld.map_or_else(String::new, |who| words::tr!("; but {who}"))
        ),
    })
}
