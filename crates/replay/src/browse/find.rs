//! One letter by its id, as it lies in its queue.

use super::browser::Taken;
use crate::{
    error::{Error, Result},
    letter::Letter,
    workspace::Workspace,
};
use pipeline::failure::identity;
use std::ops::ControlFlow;

/// The letter that `id` means, of the dead letters or of the archive. Dropped, it gives the letters back.
///
/// # Errors
/// When there is none, or several died as the message of this id, the broker is away, or another operator browses for too long.
pub async fn find(workspace: &Workspace, archived: bool, id: &str) -> Result<Letter> {
    let mut found: Option<Letter> = None;
    let mut other = None;
    let browser = workspace.browse_at(workspace.stage, archived, "show").await?;
    let withheld = browser.withheld();
    let visit = async |taken: Taken| {
        let letter = taken.letter;
        if !identity::means(id, &letter.record.id) {
            return Ok(ControlFlow::Continue(()));
        }
        // Several letters may be of one message.
        let is_named = letter.record.id == id || letter.digits() == id;
        match &found {
            Some(first) if first.digits() == letter.digits() => return Ok(ControlFlow::Continue(())),
            Some(_) => other = Some(letter.digits().to_owned()),
            None => found = Some(letter),
        }
        Ok(match is_named || other.is_some() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    };
    browser.walk(visit).await?;
    if let (Some(first), Some(other)) = (&found, other) {
        return Err(Error::NotNow(words::tr!(
            "several letters are of the message `{id}`, for instance {} and {other}; name one of them by these digits",
            first.digits()
        )));
    }
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
