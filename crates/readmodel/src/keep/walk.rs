//! One walk over the dead letters of a stage, as any operator's: nobody else browses meanwhile, nothing is changed.

use super::{Keeper, now};
use crate::{Walked, error::Result};
use pipeline::stage::Stage;
use replay::{browse::Taken, letter::Letter, workspace::Workspace};
use std::{mem, ops::ControlFlow};

/// Letters that are written in one transaction.
const CHUNK: usize = 200;
/// Under this name other operators see it.
const OPERATOR: &str = "the read model";

/// What was seen, and whether that was all of it.
pub(super) async fn walk(keeper: &Keeper, stage: Stage) -> Result<(Walked, bool)> {
    let mut workspace = Workspace::new(keeper.rt.clone(), stage);
    OPERATOR.clone_into(&mut workspace.operator);
    let mut walked = keeper.write(move |writer| Walked::begin(writer, stage)).await?;
    let browser = workspace.browse("see what is there").await?;
    let withheld = browser.withheld();
    let mut letters: Vec<Letter> = Vec::with_capacity(CHUNK);
    let mut failed = None;
    let visit = async |taken: Taken| {
        letters.push(taken.letter);
        if letters.len() >= CHUNK {
            failed = take(keeper, &mut walked, mem::take(&mut letters)).await.err();
        }
        Ok(match failed {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        })
    };
    browser.walk(visit).await?;
    if let Some(error) = failed {
        return Err(error);
    }
    take(keeper, &mut walked, letters).await?;
    if let Some(who) = withheld {
        // Letters that somebody holds are not gone.
        tracing::warn!(%stage, who, "some dead letters could not be seen");
        return Ok((walked, false));
    }
    let mut ended = walked;
    keeper
        .write(move |writer| {
            ended.end(writer, now())?;
            Ok((ended, true))
        })
        .await
}

async fn take(keeper: &Keeper, walked: &mut Walked, letters: Vec<Letter>) -> Result<()> {
    let mut taken = mem::replace(walked, Walked::empty());
    *walked = keeper
        .write(move |writer| {
            taken.take(writer, &letters)?;
            Ok(taken)
        })
        .await?;
    Ok(())
}
