//! Whether all is well, and what the last day was like.

use super::hidden;
use crate::server::{App, Ask, Failure};
use pipeline::stage::Stage;
use readmodel::read::{groups, sums};
use replay::{
    browse::Group,
    overview::{Facts, Overview, gather},
    query::Query,
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// A day in bars of this many minutes.
const BAR_MINUTES: i64 = 15;
/// How many bars there are.
pub(crate) const BARS: usize = 96;
/// Runs that are shown.
const RUNS: usize = 6;
/// Runs among which they are looked for.
const LOOKED_AT: usize = 60;
/// Rows of the counts of a day: kinds of events times minutes.
const MOST_COUNTS: usize = 100_000;

/// The first page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overview)]
pub(crate) struct View {
    /// The verdict and what it stands on.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) overview: Overview,
    /// Redis' time, unix milliseconds.
    pub(crate) now: i64,
    /// What happened in the last day.
    pub(crate) day: Day,
    /// The last runs that moved something.
    #[schema(value_type = Vec<Object>)]
    pub(crate) runs: Vec<sums::Run>,
    /// Which stages rest, and who has decided that.
    #[schema(value_type = Vec<Object>)]
    pub(crate) decisions: Vec<pipeline::wish::Decision>,
    /// Whether the read model has read all there is.
    pub(crate) current: bool,
}

/// A day in bars, the oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Day {
    /// Begin of the first bar, unix milliseconds.
    pub(crate) since: i64,
    /// Minutes of one bar.
    pub(crate) minutes: i64,
    /// Rows that were created or changed.
    pub(crate) rows: Vec<i64>,
    /// Letters that died.
    pub(crate) deaths: Vec<i64>,
    /// Attempts that failed and are repeated.
    pub(crate) retries: Vec<i64>,
}

/// Gathers it.
///
/// # Errors
/// When Redis does not answer; without the read model the rest is shown.
pub(crate) async fn view(app: &App, ask: &Ask) -> Result<View, Failure> {
    let facts = facts(app).await?;
    let minutes = minutes(app, facts.now_ms).await.unwrap_or_default();
    let all = app.cache.runs.get(async || {
        app.look(words::Language::English, |connection| {
            sums::runs(connection, LOOKED_AT)
        })
        .await
    });
    let all = all.await.unwrap_or_default();
    let moved = |run: &sums::Run| {
        run.counts
            .iter()
            .any(|count| !["listed", "skipped"].contains(&count.what.as_str()))
    };
    let runs = all.iter().filter(|run| moved(run)).take(RUNS).cloned().collect();
    Ok(View {
        now: facts.now_ms,
        day: Day::of(&minutes, facts.now_ms),
        overview: words::scoped(ask.language, || judged(ask, &facts)),
        runs,
        decisions: super::wishes::decisions(app).await?,
        current: app.keeper.state().is_current(),
    })
}

/// A pause may quote a vendor, and a vendor a customer.
fn judged(ask: &Ask, facts: &Facts) -> Overview {
    if hidden::reads_texts(&ask.principal) {
        return Overview::of(facts);
    }
    let mut facts = facts.clone();
    for replica in &mut facts.replicas {
        hidden::pauses(replica);
    }
    Overview::of(&facts)
}

/// What the verdict stands on, with the groups of dead letters.
pub(crate) async fn facts(app: &App) -> Result<Arc<Facts>, pipeline::store::Error> {
    app.cache
        .facts
        .get(async || {
            let mut facts = gather(&app.rt, &app.common).await?;
            facts.groups = all_groups(app).await.unwrap_or_default();
            Ok(facts)
        })
        .await
}

async fn all_groups(app: &App) -> Result<BTreeMap<&'static str, Vec<Group>>, readmodel::error::Error> {
    app.look(words::Language::English, |connection| {
        let of_stage = |stage: Stage| {
            Ok((
                stage.name(),
                groups::groups(connection, stage, &Query::Everything)?,
            ))
        };
        Stage::ALL.into_iter().map(of_stage).collect()
    })
    .await
}

async fn minutes(app: &App, now: i64) -> Result<Arc<Vec<sums::Minute>>, readmodel::error::Error> {
    let since = Day::since(now);
    app.cache
        .minutes
        .get(async || {
            let look = move |connection: &rusqlite::Connection| sums::minutes(connection, since, MOST_COUNTS);
            app.look(words::Language::English, look).await
        })
        .await
}

impl Day {
    fn since(now: i64) -> i64 {
        let bar = BAR_MINUTES * 60_000;
        (now.div_euclid(bar) + 1) * bar - bar * i64::try_from(BARS).unwrap_or(i64::MAX)
    }

    fn of(minutes: &[sums::Minute], now: i64) -> Self {
        let since = Self::since(now);
        let mut day = Self {
            since,
            minutes: BAR_MINUTES,
            rows: vec![0; BARS],
            deaths: vec![0; BARS],
            retries: vec![0; BARS],
        };
        for minute in minutes {
            let bars = match minute.count.what.as_str() {
                "created" | "updated" => &mut day.rows,
                "died" => &mut day.deaths,
                "retried" => &mut day.retries,
                _ => continue,
            };
            let at = (minute.at - since).div_euclid(BAR_MINUTES * 60_000);
            if let Some(bar) = usize::try_from(at).ok().and_then(|at| bars.get_mut(at)) {
                *bar += minute.count.events;
            }
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_fall_into_their_bars_and_others_into_none() {
        let now = 1_800_000_000_000;
        let minute = |at, what: &str, events| sums::Minute {
            at,
            count: sums::Count {
                stage: "load",
                what: what.into(),
                events,
            },
        };
        let since = Day::since(now);
        let day = Day::of(
            &[
                minute(now, "created", 3),
                minute(now, "updated", 4),
                minute(since, "died", 1),
                minute(since - 60_000, "died", 9),
                minute(now, "unchanged", 9),
            ],
            now,
        );
        assert_eq!((day.rows[BARS - 1], day.deaths[0]), (7, 1));
        assert_eq!(day.rows.iter().sum::<i64>() + day.deaths.iter().sum::<i64>(), 8);
    }
}
