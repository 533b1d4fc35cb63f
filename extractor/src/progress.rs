//! What `sync` shows while it works, and what it says at the end.

use crate::{
    outage,
    state::{FetchResult, Results, Run, RunKind, State},
    table::{columns, shown},
};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(250);

/// Follows a run by what Redis knows of it, so that it does not matter which replica works.
pub(crate) struct Progress {
    state: State,
    kind: RunKind,
    bar: ProgressBar,
}

/// What became of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// The run as listed.
    #[serde(flatten)]
    run: Run,
    /// Customers by result.
    outcome: Results,
    /// Customers that were not heard of again.
    unaccounted: u64,
}

impl Progress {
    /// Draws on standard error, if that is a terminal.
    #[must_use]
    pub(crate) fn new(state: State, kind: RunKind) -> Self {
        let bar = ProgressBar::no_length();
        let template =
            words::text!("{spinner} {msg} {wide_bar} {pos}/{len} customers, {per_sec}, {eta} left");
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(words::text!("listing"));
        bar.enable_steady_tick(POLL);
        Self { state, kind, bar }
    }

    /// Draws until it is dropped.
    pub(crate) async fn follow_listing(&self) -> Infallible {
        loop {
            // A progress bar is no reason to fail.
            if let Ok(Some(run)) = self.state.standing(self.kind).await.map(|state| state.run) {
                drop(self.draw(&run).await);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Draws until every customer of the runs is heard of, or none has been for `stalled`; their sum.
    pub(crate) async fn follow_details(&self, runs: &[Run], stalled: Duration) -> anyhow::Result<Summary> {
        self.bar.set_message(words::text!("fetching"));
        let (mut last, mut moved) = (u64::MAX, Instant::now());
        loop {
            let mut pending = 0;
            for run in runs {
                pending += outage::waited(|| self.draw(run))
                    .await
                    .with_context(|| words::tr!("count what is left"))?;
            }
            if pending != last {
                (last, moved) = (pending, Instant::now());
            }
            if pending == 0 || moved.elapsed() > stalled {
                self.bar.finish_and_clear();
                let mut outcome = Results::default();
                for run in runs {
                    outcome.add(&outage::waited(|| self.state.counters(&run.id)).await?);
                }
                return Ok(Summary {
                    run: together(runs)?,
                    outcome,
                    unaccounted: pending,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn draw(&self, run: &Run) -> Result<u64, pipeline::store::Error> {
        let pending = self.state.pending(&run.id).await?;
        let expected = run.finished_ms.map_or(run.expected, |_| None).unwrap_or(0);
        self.bar.set_length(run.listed.max(expected));
        self.bar.set_position(run.listed.saturating_sub(pending));
        Ok(pending)
    }
}

/// The first load and the live run before it, as one: what was listed together, and the whole span.
fn together(runs: &[Run]) -> anyhow::Result<Run> {
    let (last, before) = runs.split_last().with_context(|| words::tr!("no run was made"))?;
    let mut sum = last.clone();
    for run in before {
        sum.start = sum.start.zip(run.start).map(|(one, other)| one.min(other));
        sum.end = sum.end.max(run.end);
        sum.listed += run.listed;
        sum.duplicates += run.duplicates;
        sum.damaged += run.damaged;
        sum.short += run.short;
    }
    Ok(sum)
}

impl Summary {
    /// How many customers were shown, and how many OKKI counts, where that is more by a tenth or more.
    pub(crate) fn lacks_many(&self) -> Option<(u64, u64)> {
        let expected = self
            .run
            .falls_short_of()
            .filter(|_| !self.run.may_be_overstated())?;
        Some((expected.saturating_sub(self.run.short), expected))
    }

    /// Customers with this result.
    pub(crate) fn of(&self, result: FetchResult) -> u64 {
        self.outcome.of(result)
    }

    /// A window for people.
    #[must_use]
    pub(crate) fn span(run: &Run) -> String {
        let start = run.start.map_or_else(|| words::tr!("the beginning"), shown);
        words::tr!("{start} to {}", shown(run.end))
    }

    /// Prints; an unfinished run is an error.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            pipeline::say!("{}", serde_json::to_string(self)?)?;
        } else {
            let of = |result| self.outcome.of(result);
            let rows = [
                ("window", Self::span(&self.run)),
                (
                    "listed",
                    match self.run.falls_short_of() {
                        Some(total) => words::tr!("{} (OKKI counts {total})", self.run.listed),
                        None => self.run.listed.to_string(),
                    },
                ),
                ("fetched", of(FetchResult::Fetched).to_string()),
                (
                    "skipped",
                    words::tr!("{} (loaded before)", of(FetchResult::Skipped)),
                ),
                ("removed", of(FetchResult::Removed).to_string()),
                (
                    "missing",
                    words::tr!("{} (okki knows them no more)", of(FetchResult::Missing)),
                ),
                (
                    "filtered",
                    words::tr!("{} (the source document's condition)", of(FetchResult::Filtered)),
                ),
                ("dead", of(FetchResult::Dead).to_string()),
                (
                    "unknown",
                    words::tr!("{} (okki shows no such customer)", of(FetchResult::Unknown)),
                ),
                (
                    "unreadable",
                    words::tr!("{} rows or seconds of the listing", self.run.damaged),
                ),
                (
                    "repeated",
                    words::tr!("{} (listed twice, or by an earlier window)", self.run.duplicates),
                ),
            ];
            pipeline::say!("{}", columns(&rows.map(|(name, value)| [name.to_owned(), value])))?;
        }
        let left = self.unaccounted;
        words::ensure!(
            left == 0,
            "{left} customers were not heard of; see `extractor status` and the dead letters"
        );
        Ok(())
    }
}
