//! Dead letters: by cause over all stages, page by page, and one in full.

use super::{cache::Trends, hidden};
use crate::{
    auth::Role,
    server::{App, Ask, Failure},
};
use pipeline::stage::Stage;
use readmodel::read::{
    groups,
    known::{self, Known, asks_for_text},
    letters::{self, Listed, Whole},
};
use replay::{browse::Group, query::Query};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// Letters of a page.
pub(crate) const PAGE: usize = 50;
/// Bars of a trend.
const HOURS: usize = 24;
/// Letters of a page of the API, at most.
const MOST: usize = 500;

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// Which letters, in the grammar of `dead list --where`.
    #[serde(rename = "where")]
    pub(crate) query: Option<String>,
    /// Behind which letter the page begins.
    pub(crate) after: Option<i64>,
    /// How many, at most.
    pub(crate) limit: Option<usize>,
}

impl Asked {
    /// The query, which a viewer may not use to guess what letters say.
    ///
    /// # Errors
    /// When it cannot be read, or asks for text without the right to.
    pub(crate) fn query(&self, ask: &Ask) -> Result<Query, Failure> {
        let text = self.query.as_deref().unwrap_or_default().trim();
        let query = Query::try_from(text.to_owned());
        let query = words::scoped(ask.language, || query.map_err(|problem| Failure::query(&problem)))?;
        if asks_for_text(&query) {
            ask.allow(Role::Operator)?;
        }
        Ok(query)
    }
}

/// A stage's letters by cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadGroups)]
pub(crate) struct Groups {
    /// The stage.
    pub(crate) stage: &'static str,
    /// The largest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) groups: Vec<Group>,
    /// Letters of each group that are open and died in each of the last 24 hours, the oldest hour first.
    pub(crate) trends: BTreeMap<String, Vec<u64>>,
    /// Begin of the first of these hours, unix milliseconds.
    pub(crate) trends_since: i64,
    /// Letters of all groups.
    pub(crate) letters: u64,
    /// Whether that is all of them.
    pub(crate) complete: bool,
}

/// A page of letters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetters)]
pub(crate) struct Page {
    /// The stage.
    pub(crate) stage: &'static str,
    /// Oldest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) letters: Vec<Listed>,
    /// Behind which letter the next page begins.
    pub(crate) next: Option<i64>,
    /// Whether the read model knows all letters that are meant.
    pub(crate) complete: bool,
    /// How many letters the stage has.
    #[schema(value_type = Object)]
    pub(crate) known: Known,
}

/// Letters of one stage by cause.
///
/// # Errors
/// When the read model does not answer.
pub(crate) async fn groups(app: &App, ask: &Ask, stage: Stage, query: Query) -> Result<Groups, Failure> {
    let current = app.keeper.state().is_current();
    let (mut groups, extent, query) = app
        .look(ask.language, move |connection| {
            let groups = groups::groups(connection, stage, &query)?;
            Ok((groups, known::known(connection, stage)?, query))
        })
        .await?;
    let trends = trends(app).await?;
    let mut of_stage = trends.stages.get(&stage).cloned().unwrap_or_default();
    of_stage.retain(|name, _| groups.iter().any(|group| group.group == *name));
    for group in &mut groups {
        group.example = hidden::sentence(&ask.principal, &group.example);
    }
    Ok(Groups {
        stage: stage.name(),
        trends: of_stage,
        trends_since: trends.since,
        letters: groups.iter().map(|group| group.count).sum(),
        groups,
        complete: current && extent.answers(&query),
    })
}

async fn trends(app: &App) -> Result<Arc<Trends>, Failure> {
    let look = async || {
        let since = jiff::Timestamp::now().as_millisecond() - HOURS as i64 * 3_600_000;
        let look = move |connection: &rusqlite::Connection| {
            let of = |stage| Ok((stage, groups::trends(connection, stage, since, HOURS)?));
            let stages: readmodel::error::Result<_> = Stage::ALL.into_iter().map(of).collect();
            Ok(Trends {
                since,
                stages: stages?,
            })
        };
        app.look(words::Language::English, look).await
    };
    Ok(app.cache.trends.get(look).await?)
}

/// One page of letters.
///
/// # Errors
/// When the question is wrong, or the read model does not answer.
pub(crate) async fn page(app: &App, ask: &Ask, stage: Stage, asked: &Asked) -> Result<Page, Failure> {
    let (query, after) = (asked.query(ask)?, asked.after.unwrap_or(0).max(0));
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MOST);
    let current = app.keeper.state().is_current();
    let (mut page, known, query) = app
        .look(ask.language, move |connection| {
            let page = letters::page(connection, stage, &query, after, limit)?;
            Ok((page, known::known(connection, stage)?, query))
        })
        .await?;
    if !hidden::reads_texts(&ask.principal) {
        for letter in &mut page.letters {
            letter.record = hidden::record(letter.record.take());
        }
    }
    Ok(Page {
        stage: stage.name(),
        letters: page.letters,
        next: page.next,
        complete: current && known.answers(&query),
        known,
    })
}

/// One letter with what it holds.
///
/// # Errors
/// When there is none of this id, or the read model does not answer.
pub(crate) async fn letter(app: &App, ask: &Ask, stage: Stage, id: &str) -> Result<Whole, Failure> {
    let asked = id.to_owned();
    let found = app
        .look(ask.language, move |connection| {
            letters::one(connection, stage, &asked)
        })
        .await?;
    let mut letter = found.ok_or_else(|| {
        Failure::nothing(words::tr!(
            "no dead letter `{id}` in the {stage} stage; it may have been replayed or discarded"
        ))
    })?;
    if letter.body.is_none() {
        app.keeper.state().look_for(stage);
    }
    if !hidden::reads_texts(&ask.principal) {
        letter.listed.record = hidden::record(letter.listed.record.take());
        letter.body = letter.body.map(hidden::body);
    }
    Ok(letter)
}
