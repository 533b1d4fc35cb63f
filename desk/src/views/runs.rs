//! Runs, the newest first, and what became of their customers.

use crate::server::{App, Ask, Failure};
use readmodel::read::sums;
use serde::Serialize;
use utoipa::ToSchema;

/// Runs of one page.
const MOST: usize = 200;

/// Runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Runs)]
pub(crate) struct View {
    /// The newest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) runs: Vec<sums::Run>,
    /// Runs that found nothing to do, and are left out.
    pub(crate) idle: usize,
}

/// Gathers those that moved something, or all.
///
/// # Errors
/// When the read model does not answer.
pub(crate) async fn view(app: &App, ask: &Ask, all: bool) -> Result<View, Failure> {
    let found = app
        .look(ask.language, |connection| sums::runs(connection, MOST))
        .await?;
    let count = found.len();
    let moved = |run: &sums::Run| {
        run.counts
            .iter()
            .any(|count| !["listed", "skipped"].contains(&count.what.as_str()))
    };
    let runs: Vec<_> = found.into_iter().filter(|run| all || moved(run)).collect();
    Ok(View {
        idle: count - runs.len(),
        runs,
    })
}
