//! How far setting up has come, and how the programs stand.

use crate::{
    server::{App, Failure},
    setup::{
        Progress, Tried,
        programs::{Program, programs},
        tried_before,
    },
};
use pipeline::wish::{Wish, Wishes};
use serde::Serialize;
use utoipa::ToSchema;

/// All of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Setup)]
pub(crate) struct View {
    /// The three programs.
    pub(crate) programs: Vec<Program>,
    /// What was chosen.
    pub(crate) progress: Progress,
    /// What was tried last by this process.
    pub(crate) tried: Tried,
    /// The wish for the first customers.
    #[schema(value_type = Option<Object>)]
    pub(crate) first: Option<Wish>,
    /// The wish that matches rows without a key.
    #[schema(value_type = Option<Object>)]
    pub(crate) adoption: Option<Wish>,
    /// Records that wait for the loader.
    pub(crate) waiting: u64,
}

impl View {
    /// All customers are wanted, and nobody lists any.
    pub(crate) fn nobody_lists(&self) -> bool {
        self.progress.everything && self.programs.iter().any(|program| program.lists_nothing)
    }

    /// A loader waits until rows without a key have theirs.
    pub(crate) fn loader_is_keyless(&self) -> bool {
        self.programs.iter().any(|program| program.is_keyless)
    }
}

/// Gathers it.
///
/// # Errors
/// When Redis does not answer, or the desk's file cannot be read.
pub(crate) async fn view(app: &App) -> Result<View, Failure> {
    let progress = app.setup.kept.read()?;
    let wishes = Wishes::of(&app.rt);
    let load = async |id: &Option<String>| match id {
        // Forgotten after a week.
        Some(id) => wishes.load(id).await.ok(),
        None => None,
    };
    let mut tried = app.setup.tried();
    if tried.trial.is_none() {
        // Another process has tried it.
        tried.trial = tried_before(&wishes, &progress).await?;
    }
    Ok(View {
        programs: programs(&app.rt).await?,
        first: load(&progress.first).await,
        adoption: load(&progress.adoption).await,
        waiting: waiting(app, &progress).await,
        tried,
        progress,
    })
}

/// Nobody asks the broker unless somebody waits for it.
async fn waiting(app: &App, progress: &Progress) -> u64 {
    if !progress.everything || progress.keyless() == 0 {
        return 0;
    }
    let waiting = pipeline::waiting::records(&app.rt, pipeline::stage::Stage::Load);
    waiting.await.unwrap_or(0)
}
