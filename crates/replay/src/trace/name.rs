//! Which customers a name may mean. The account of events knows no names (docs/events.md), so the open dead letters are
//! asked, which hold what was known of their customers.

use crate::{
    browse::{Filter, Taken},
    error::Result,
    letter::Letter,
    query::{Query, Word},
    workspace::Workspace,
};
use pipeline::{failure::record::FailureRecord, stage::Stage};
use serde::Serialize;
use std::ops::ControlFlow;

/// Customers that are named; who gets more asks for more of the name.
const MOST: usize = 50;

/// A customer whose dead letter holds the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The customer.
    pub company_id: String,
    /// The stage of the letter.
    pub stage: &'static str,
    /// The letter.
    pub letter_id: String,
    /// Why it died.
    pub code: String,
}

/// Customers that were found so far, each once.
#[derive(Debug, Default)]
pub struct Hits {
    /// They.
    pub found: Vec<Hit>,
    /// There may be more.
    pub more: bool,
}

impl Hits {
    /// A letter holds the name; `Break` when there are enough.
    pub(crate) fn add(&mut self, stage: Stage, record: &FailureRecord) -> ControlFlow<()> {
        let known = |hit: &Hit| hit.company_id == record.company_id;
        if record.company_id.is_empty() || self.found.iter().any(known) {
            return ControlFlow::Continue(());
        }
        if self.found.len() == MOST {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.found.push(Hit {
            company_id: record.company_id.clone(),
            stage: stage.name(),
            letter_id: record.id.clone(),
            code: record.code.clone(),
        });
        ControlFlow::Continue(())
    }
}

/// Letters that hold the name.
#[must_use]
pub fn query(name: &str) -> Query {
    Query::of(Word::Text, name.to_owned())
}

/// Whether it is a company id, which is made of digits.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Walks over the dead letters of all stages.
///
/// # Errors
/// When the broker is away, or another operator browses for too long.
pub async fn named(workspace: &Workspace, name: &str) -> Result<Hits> {
    let filter = Filter::from(query(name));
    let mut hits = Hits::default();
    for stage in Stage::ALL {
        let browser = workspace.browse_at(stage, false, "trace").await?;
        let visit = async |Taken { letter, .. }: Taken| Ok(look(&filter, stage, &letter, &mut hits));
        browser.walk(visit).await?;
    }
    Ok(hits)
}

fn look(filter: &Filter, stage: Stage, letter: &Letter, hits: &mut Hits) -> ControlFlow<()> {
    match filter.matches(letter) {
        true => hits.add(stage, &letter.record),
        false => ControlFlow::Continue(()),
    }
}
