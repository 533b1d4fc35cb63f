//! The audit log: who did what, when and why.

use super::hidden;
use crate::server::{App, Ask, Failure};
use pipeline::stage::Stage;
use replay::audit::{self, Entry};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use utoipa::ToSchema;

/// Entries of one page.
const MOST: usize = 300;

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// By whom.
    pub(crate) operator: Option<String>,
    /// Of which stage.
    pub(crate) stage: Option<String>,
    /// What was done.
    pub(crate) action: Option<String>,
}

/// Entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audit)]
pub(crate) struct View {
    /// The newest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) entries: VecDeque<Entry>,
    /// Entries whose digest is not right, of all there are.
    pub(crate) damaged: u64,
    /// Entries that were read.
    pub(crate) read: u64,
}

/// Reads the log, of which the newest entries are kept.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn view(app: &App, ask: &Ask, asked: &Asked) -> Result<View, Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let mut view = View {
        entries: VecDeque::new(),
        damaged: 0,
        read: 0,
    };
    let is = |wanted: &Option<String>, value: &str| match wanted.as_deref().map(str::trim) {
        None | Some("") => true,
        Some(wanted) => value == wanted,
    };
    audit::read(&workspace, |entry| {
        view.read += 1;
        view.damaged += u64::from(!entry.intact);
        if is(&asked.operator, &entry.operator)
            && is(&asked.stage, &entry.stage)
            && is(&asked.action, &entry.action)
        {
            let entry = Entry {
                filter: hidden::filter(&ask.principal, &entry.filter),
                result: hidden::sentence(&ask.principal, &entry.result),
                ..entry
            };
            view.entries.push_front(entry);
            view.entries.truncate(MOST);
        }
    })
    .await?;
    Ok(view)
}
