//! Changes that the listing shows later than windows overlap: live windows have passed over them, and only a look back finds
//! them. They are published as any change, counted, and told, for whoever set `OVERLAP` should know.

use super::{Runner, Stop};
use crate::{
    okki::{ListItem, time},
    state::{Phase, Run, RunKind},
};
use pipeline::{
    alert::{Problem, Severity},
    telemetry::names,
    version::Version,
    watermarks::{Watermarks, standing::Standing},
};
use std::time::Duration;

/// Problem that the listing shows changes late.
const LISTING_LATE: &str = "listing-late";

impl Runner {
    /// Up to where no live window will list again.
    pub(super) async fn passed_over(&self) -> Result<i64, Stop> {
        let checkpoint = self.state.standing(RunKind::Live).await?.checkpoint;
        let overlap = self.settings.margins.overlap.as_secs().cast_signed();
        checkpoint.map(|end| end - overlap).ok_or(Stop::Forgotten)
    }

    /// Whether what a look finds was late. The first one finds what this Redis has not held; so does one beside a first load.
    pub(super) async fn tells_late(&self, wide_s: Option<i64>) -> Result<bool, Stop> {
        let first = self.state.standing(RunKind::First).await?;
        Ok(wide_s.is_some() && !first.wanted && first.run.is_none())
    }

    /// What neither a window nor anybody else has handed on in this state.
    pub(super) async fn late(&self, run: &mut Run, items: Vec<ListItem>) -> Result<Vec<ListItem>, Stop> {
        if items.is_empty() {
            return Ok(items);
        }
        let marks = Watermarks::new(self.rt.store.clone(), self.rt.namespace.clone());
        let ids: Vec<&str> = items.iter().map(|item| item.company_id.as_str()).collect();
        let are_known: Vec<bool> = if run.phase == Phase::Removed {
            let removed = marks.removed(&ids).await?.into_iter().zip(&items);
            removed
                .map(|(known, item)| known.is_some_and(|known| known.update_time >= item.update_time.max(1)))
                .collect()
        } else {
            let standings = marks.standings(&ids).await?.into_iter().zip(&items);
            standings
                .map(|(standing, item)| was_handed_on(&standing, item.update_time))
                .collect()
        };
        // Who shows no time is fetched by the windows, again and again, and would be by every look.
        let is_late = |(item, is_known): &(ListItem, bool)| {
            (item.update_time > 0 || run.phase == Phase::Removed) && !is_known
        };
        let late = items.into_iter().zip(are_known).filter(is_late);
        let late: Vec<ListItem> = late.map(|(item, _)| item).collect();
        if let Some(look) = &mut run.look {
            // A listing that goes by dates shows what is to come, too, which no window has passed over.
            let passed = late.iter().filter(|item| item.update_time <= run.end);
            look.late += passed.clone().count() as u64;
            let oldest = passed.map(|item| item.update_time).filter(|time| *time > 0).min();
            look.oldest = [look.oldest, oldest].into_iter().flatten().min();
        }
        Ok(late)
    }

    /// Says what a look has found late, until a wide one finds nothing.
    pub(super) fn tell_late(&self, run: &Run) {
        let Some(look) = run.look.as_ref().filter(|look| look.told) else {
            return;
        };
        let problem = |detail| Problem {
            key: LISTING_LATE.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("OKKI's listing shows changes late"),
            detail,
            patience: Duration::ZERO,
        };
        if look.late == 0 {
            if look.wide {
                self.rt.alerts.over(problem(String::new()));
            }
            return;
        }
        let oldest = time::stamp(look.oldest.unwrap_or(run.end));
        tracing::warn!(
            run = run.id,
            late = look.late,
            oldest,
            "the listing showed changes later than windows overlap (OVERLAP)"
        );
        metrics::counter!(names::EXTRACTOR_LATE_CHANGES).increment(look.late);
        self.rt.alerts.raise(problem(words::tr!(
            "the listing showed {} changes late, the oldest of {oldest}; they are fetched now. Where it goes on, raise OVERLAP, and ask OKKI",
            look.late
        )));
    }
}

/// Whether the listed state, or a later one, went to the loader or was dropped by a condition.
fn was_handed_on(standing: &Standing, listed: i64) -> bool {
    let time = |version: Option<Version>| version.map(|version| version.update_time);
    let newest = standing
        .loaded
        .max(time(standing.published))
        .max(time(standing.dropped));
    newest >= Some(standing.translated(listed))
}
