//! Polling between two live runs: one cheap call, the first page from the checkpoint, every few seconds.
//!
//! A poll publishes nothing and moves nothing. It compares what the page shows with what was published, and says when a run
//! is due that will see the difference: by the leader, with its window, its lease and its fence, as any run. So whatever a poll
//! overlooks or imagines changes when something is listed, and never whether.
//!
//! One replica polls at a time, under a lease of its own, and all of them share how polling stands in Redis, on Redis' clock. A
//! poll is sent once. One that fails closes no gate and makes the next one wait longer; the third in a row asks for a run,
//! which repeats, and pauses the stage when it has to. While the gate is closed nobody polls.

mod settings;
mod tempo;
mod verdict;

pub(crate) use settings::polling;
pub(crate) use tempo::Tempo;

use crate::{
    okki::{Client, Error, Page, PageRequest},
    pause::Pauses,
    run::{RunSettings, Stop},
    state::{KindState, Phase, PollState, Run, State},
};
use pipeline::{lease::Lease, quota::Lane, service::Runtime, telemetry::names};
use std::{sync::Arc, time::Duration};
use tempo::Found;
use verdict::{Asked, LATE_S};

/// A pause of OKKI that is longer is one for everybody.
const LONG_REST: Duration = Duration::from_secs(60);
/// What polls without a checkpoint wait for.
const NO_CHECKPOINT: Duration = Duration::from_secs(15);

/// Polls when it is this replica's turn.
pub(crate) struct Polling {
    /// The process.
    pub rt: Runtime,
    /// OKKI.
    pub client: Arc<Client>,
    /// What to do when OKKI wants no calls for long.
    pub pauses: Arc<Pauses>,
    /// How polling stands, and what was published.
    pub state: State,
    /// Of the runs that it asks for.
    pub settings: RunSettings,
    /// How fast.
    pub tempo: Tempo,
    /// Life of the lease.
    pub ttl: Duration,
}

impl Polling {
    /// Polls if it is time and nobody else does; says how long to wait.
    pub(crate) async fn round(&self, live: &KindState) -> Result<Duration, Stop> {
        let state = self.state.poll().await?;
        self.show(&state);
        let Some(checkpoint) = live.checkpoint else {
            return Ok(NO_CHECKPOINT);
        };
        let wait = self.tempo.wait(&state);
        if !wait.is_zero() {
            return Ok(wait);
        }
        let key = self.state.poll_lease_key();
        let Some(lease) = Lease::acquire(&self.rt.store, key, &self.rt.instance, self.ttl).await? else {
            return Ok(self.tempo.fastest());
        };
        let polled = tokio::select! {
            polled = self.poll(checkpoint, &lease) => polled,
            // Another replica goes on.
            () = lease.lost() => Ok(self.tempo.fastest()),
            () = self.rt.shutdown.requested() => Err(Stop::Shutdown),
        };
        let released = lease.release().await;
        let wait = polled?;
        released?;
        Ok(wait)
    }

    /// How long until the run that polls have asked for, if they have and no run has begun since.
    pub(crate) async fn run_wanted(&self, live: &KindState) -> Result<Option<Duration>, Stop> {
        let state = self.state.poll().await?;
        let begun = live.started_before_now();
        let at = state.run_at_ms.filter(|at| begun.is_none_or(|begun| begun < *at));
        let wait = at.map(|at| u64::try_from(at.saturating_sub(state.redis_ms)).unwrap_or(0));
        Ok(wait.map(Duration::from_millis))
    }

    /// A live run has ended: it has shown what polls had asked for, or that there was nothing of it. `again`: customers whose
    /// listed time had hidden what changed.
    pub(crate) async fn after_run(&self, run: &Run, again: u64) -> Result<(), Stop> {
        let before = self.state.poll().await?;
        let (after, answers) =
            self.tempo
                .after_run(&before, run.started_ms, run.listed + again, before.redis_ms);
        let calls = if answers { self.calls_of_run() } else { 0 };
        let charge = self.tempo.charge(calls, self.client.today());
        self.state.keep_poll(&after, charge).await?;
        Ok(())
    }

    async fn poll(&self, checkpoint: i64, lease: &Lease) -> Result<Duration, Stop> {
        // Another replica may have polled between our reading and our lease.
        let before = self.state.poll().await?;
        let wait = self.tempo.wait(&before);
        if !wait.is_zero() {
            return Ok(wait);
        }
        let mut calls = 0;
        let found = match self.ask(checkpoint, &mut calls).await {
            Ok(Some(run_in_s)) => Found::Changes {
                run_in_ms: run_in_s * 1_000,
            },
            Ok(None) => Found::Nothing,
            Err(Stop::Okki(error)) if !error.is_of_redis() => self.failed(&error),
            Err(stop) => return Err(stop),
        };
        metrics::counter!(names::EXTRACTOR_POLLS, "found" => found.name()).increment(1);
        let now_ms = self.state.now_ms().await?;
        let after = self.tempo.after_poll(&before, found, now_ms);
        if !lease.held() {
            return Ok(self.tempo.fastest());
        }
        let charge = self.tempo.charge(calls, self.client.today());
        self.state.keep_poll(&after, charge).await?;
        let state = self.state.poll().await?;
        self.show(&state);
        let until_run = after.run_at_ms.map_or(i64::MAX, |at| at - now_ms);
        let until_run = Duration::from_millis(u64::try_from(until_run).unwrap_or(0));
        Ok(self.tempo.wait(&state).min(until_run))
    }

    /// In how many seconds a run is due because of what the first page shows.
    async fn ask(&self, checkpoint: i64, calls: &mut u32) -> Result<Option<i64>, Stop> {
        let margins = self.settings.margins;
        let Some(start) = self.begins_at(checkpoint).await? else {
            return Ok(Some(0));
        };
        let phases = [Phase::Changed, Phase::Removed];
        let phases = &phases[..1 + usize::from(self.settings.removals)];
        let parts = 0..self.client.source().parts();
        let kept = self.state.kept_parts().await?;
        let (mut answers, mut failed) = (false, None);
        for (phase, part) in phases
            .iter()
            .flat_map(|phase| parts.clone().map(move |part| (phase, part)))
        {
            let removed = *phase == Phase::Removed;
            if kept.iter().any(|span| span.is_of(part, removed)) {
                continue;
            }
            let request = PageRequest {
                start: Some(start),
                end: None,
                page: 1,
                count: self.settings.count,
                removed,
            };
            *calls += 1;
            let page = match self.client.page_once(Lane::Live, &request, part).await {
                Ok(page) => page,
                // What is the matter with one part alone the next run finds out.
                Err(error) if error.may_be_of_one_page() => {
                    failed = Some(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            answers = true;
            self.learn_granule(&page, removed).await?;
            let asked = Asked {
                start,
                count: request.count,
                now: self.state.clocks().await?.told(page.now, page.latest()).now,
                settle: margins.settle_delay.as_secs().cast_signed(),
                removed,
            };
            let shown = verdict::shown(page, asked);
            let known = match shown.candidates.is_empty() {
                true => Vec::new(),
                false => self.state.known(*phase, &shown.candidates).await?,
            };
            let run_in = verdict::run_in(&shown, &known, asked);
            if run_in.is_some() {
                return Ok(run_in);
            }
        }
        match failed {
            Some(error) if !answers => Err(error.into()),
            _ => Ok(None),
        }
    }

    /// From where on is asked; nothing where a run is due whatever a page shows, for whom a listed time has hidden.
    async fn begins_at(&self, checkpoint: i64) -> Result<Option<i64>, Stop> {
        let now = self.state.clocks().await?.earliest();
        if !self.state.doubtful_due(now, 1).await?.is_empty() {
            return Ok(None);
        }
        let late = self.settings.margins.overlap.as_secs().cast_signed().min(LATE_S);
        // What is listed with a time that is cut may be filtered by that.
        let granule = self.state.granule().await?;
        Ok(Some(granule.cut(checkpoint.saturating_sub(late))))
    }

    /// How the listing of those who exist shows times.
    async fn learn_granule(&self, page: &Page, removed: bool) -> Result<(), Stop> {
        if !removed {
            let times = page.items.iter().map(|item| item.update_time);
            self.state.learn_granule(|evidence| evidence.rows(times)).await?;
        }
        Ok(())
    }

    /// Only a pause that OKKI asks for by name is one for everybody.
    fn failed(&self, error: &Error) -> Found {
        tracing::debug!(error = pipeline::cause::logged(error), "poll failed");
        let rest = error.retry_after();
        if rest.is_some_and(|rest| rest > LONG_REST) {
            self.pauses.pause(words::text!("poll the listing"), error, None);
        }
        Found::Failure {
            rest,
            // What is limited is not made better by more calls.
            asks: !error.is_limit(),
        }
    }

    /// Calls of a run that finds a page at most: the window's end, the page and the one after it, deleted customers, the group.
    fn calls_of_run(&self) -> u32 {
        let removals = if self.settings.removals { 2 } else { 0 };
        let group = u32::from(self.client.source().get("group_id").is_some());
        3 + removals + group
    }

    fn show(&self, state: &PollState) {
        let pace = state.pace();
        let interval = pace.map(|(interval, _)| interval as f64 / 1_000.0);
        self.rt.status.set(
            "polling",
            serde_json::json!({ "interval_s": interval, "why": pace.map(|(_, why)| why), "failures": state.failures }),
        );
        if let Some(interval) = interval {
            metrics::gauge!(names::EXTRACTOR_POLL_INTERVAL).set(interval);
        }
    }
}
