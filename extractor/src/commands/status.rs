//! `extractor status`: whether all is well, and what Redis knows about runs, from any machine, without disturbing a replica.

use super::checkpoint::{age_s, describe};
use crate::{
    cli::StatusArgs,
    hooks,
    okki::time,
    progress::Summary,
    state::{Beyond, Cut, DamagedSpan, FetchResult, HistoryEntry, Results, Run, RunKind, State, Why},
    table::{columns, shown},
};
use pipeline::{accounting::Account, service::Runtime};
use replay::{cli::More, when};
use serde::Serialize;

/// Missing customers that are named.
const MISSING_SHOWN: isize = 20;

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Status {
    checkpoint: Option<String>,
    #[serde(skip)]
    listed_to: Option<i64>,
    checkpoint_age_s: Option<i64>,
    /// Who lists at this moment; between two runs nobody does.
    leader: Option<String>,
    /// The last one who did, and when that run ended.
    last_leader: Option<LastLeader>,
    /// How often the listing is polled between runs.
    polling: Option<Pace>,
    /// How long the customer that waits longest has been listed as changed without being in the form.
    lag_s: Option<i64>,
    running: Vec<Shown>,
    finished: Vec<Shown>,
    missing: u64,
    missing_newest: Vec<String>,
    /// Where rows of the listing named no customer.
    damaged: Vec<DamagedSpan>,
    /// Who is listed with an update time that lies in the future.
    beyond: Option<Beyond>,
    /// What times of the listing are cut to, where they are.
    granule: Option<Cut>,
    /// Events of the webhook, since the first one.
    webhook: Option<hooks::Counts>,
}

/// Who listed last.
#[derive(Debug, Serialize)]
struct LastLeader {
    instance: String,
    at_ms: i64,
}

/// How often, and what made it so.
#[derive(Debug, Serialize)]
struct Pace {
    interval_s: f64,
    why: Why,
}

/// One run.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(rename = "job")]
    kind: RunKind,
    #[serde(flatten)]
    run: Run,
    outcome: Results,
    pending: u64,
}

pub(crate) async fn status(args: StatusArgs) -> anyhow::Result<()> {
    let runs = usize::from(args.runs);
    replay::cli::status("extractor", args.how, args.common, async |rt| own(rt, runs).await).await
}

/// What only the extractor knows.
async fn own(rt: &Runtime, runs: usize) -> anyhow::Result<More> {
    let events = hooks::Memory::new(rt.store.clone(), rt.namespace.clone());
    let state = State::new(rt.store.clone(), rt.namespace.clone());
    let mut status = read(&state, &rt.account, runs).await?;
    status.webhook = events.counts().await?;
    Ok(More {
        json: serde_json::to_value(&status)?,
        text: text(&status),
    })
}

async fn read(state: &State, account: &Account, runs: usize) -> anyhow::Result<Status> {
    let live = state.standing(RunKind::Live).await?;
    let mut running = Vec::new();
    for kind in RunKind::ALL {
        if let Some(run) = state.standing(kind).await?.run {
            running.push(show(state, kind, run).await?);
        }
    }
    let mut finished = Vec::new();
    for HistoryEntry { kind, run } in state.eventful(runs).await? {
        finished.push(show(state, kind, run).await?);
    }
    let (missing, missing_newest) = state.missing(MISSING_SHOWN).await?;
    // Of those that changed: a first load or a backfill takes the time that it takes.
    let oldest = account.oldest(RunKind::Live.name()).await?;
    Ok(Status {
        checkpoint: live.checkpoint.map(time::format),
        listed_to: live.checkpoint,
        checkpoint_age_s: age_s(&live),
        leader: state.leader(RunKind::Live).await?,
        last_leader: state.last_run().await?.map(|run| LastLeader {
            instance: run.leader,
            at_ms: run.finished_ms.unwrap_or(run.started_ms),
        }),
        polling: state.poll().await?.pace().map(|(interval_ms, why)| Pace {
            interval_s: interval_ms as f64 / 1_000.0,
            why,
        }),
        lag_s: oldest.map(|(_, oldest)| (live.redis_ms - oldest).max(0) / 1000),
        running,
        finished,
        missing,
        missing_newest,
        damaged: state.damaged().await?,
        beyond: live.beyond.clone(),
        granule: state.cut().await?,
        webhook: None,
    })
}

/// The kind of a run as people of any language read it.
fn told(kind: RunKind) -> &'static str {
    words::sense(match kind {
        RunKind::Live => words::mark!("run kind: live"),
        RunKind::Remedy => words::mark!("run kind: remedy"),
        RunKind::Backfill => words::mark!("run kind: backfill"),
        RunKind::First => words::mark!("run kind: first"),
        RunKind::Refresh => words::mark!("run kind: refresh"),
        RunKind::LookBack => words::mark!("run kind: look back"),
    })
}

async fn show(state: &State, kind: RunKind, run: Run) -> anyhow::Result<Shown> {
    let (outcome, pending) = (state.counters(&run.id).await?, state.pending(&run.id).await?);
    Ok(Shown {
        kind,
        run,
        outcome,
        pending,
    })
}

fn text(status: &Status) -> String {
    let age = status
        .checkpoint_age_s
        .map_or_else(String::new, |age| format!(" ({})", describe(age)));
    let lag = match status.lag_s {
        Some(lag) => words::tr!("{lag} s since the oldest unfinished change was listed"),
        None => words::tr!("none, every listed change is finished"),
    };
    let missing = words::tr!("{} customers that okki lists but does not show", status.missing);
    let mut rows = vec![
        row(
            "checkpoint",
            status
                .listed_to
                .map_or_else(|| words::text!("none").to_owned(), shown)
                + &age,
        ),
        row("leader", leader(status)),
        row("polling", polling(status.polling.as_ref())),
        row("lag", lag),
        row("missing", missing),
    ];
    if let Some(beyond) = &status.beyond {
        rows.push(row("ahead", beyond.told()));
    }
    if let Some(cut) = &status.granule {
        rows.push(row("times", cut.told()));
    }
    if let Some(events) = &status.webhook {
        rows.push(row("webhook", webhook(events)));
    }
    for span in &status.damaged {
        let at = match (&span.serial_id, span.part) {
            (Some(serial_id), _) => serial_id,
            (None, Some(_)) => words::text!("a part of the listing"),
            (None, None) => words::text!("no serial number"),
        };
        let next = if span.is_given_up() {
            words::text!(", given up")
        } else {
            ""
        };
        let end = shown(span.end);
        let tries = span.tries;
        rows.push(row(
            words::text!("not listed"),
            words::tr!("{end}, {at}: {}; listed again {tries} times{next}", span.reason),
        ));
    }
    for (title, runs) in [("running", &status.running), ("finished", &status.finished)] {
        for shown in runs {
            let span = Summary::span(&shown.run);
            rows.push(row(title, format!("{} {span}", told(shown.kind))));
            rows.push(row("", results(shown)));
        }
    }
    columns(&rows) + "\n"
}

/// A leader is one for the length of a run.
fn leader(status: &Status) -> String {
    match (&status.leader, &status.last_leader) {
        (Some(leader), _) => leader.clone(),
        (None, Some(LastLeader { instance, at_ms })) => words::tr!(
            "nobody lists at this moment, as between two runs; the last run was made by {instance} and ended {}",
            when::stamp(*at_ms)
        ),
        (None, None) => words::tr!(
            "nobody lists at this moment, and no run has ended so far; an extractor that runs begins one by itself"
        ),
    }
}

fn polling(pace: Option<&Pace>) -> String {
    let Some(Pace { interval_s, why }) = pace else {
        return words::tr!("off, only runs list");
    };
    let why = match why {
        Why::Changes => words::text!("something has just changed"),
        Why::Quiet => words::text!("nothing changes"),
        Why::Share => words::text!("the share of the quota allows no more (POLL_SHARE)"),
        Why::Failing => words::text!("polls fail"),
        Why::Vain => words::text!("polls show changes that runs do not find"),
    };
    words::tr!("every {interval_s:.1} s, {why}")
}

fn row(name: &str, value: String) -> [String; 2] {
    [name.to_owned(), value]
}

fn webhook(events: &hooks::Counts) -> String {
    let last = when::stamp(events.last_ms);
    words::tr!(
        "{} events, {} of them late, {} listed changes without one; the last event at {last}",
        events.events,
        events.late,
        events.lost
    )
}

fn results(shown: &Shown) -> String {
    let of = |result| shown.outcome.of(result);
    let listed = match shown
        .run
        .expected
        .filter(|total| shown.run.finished_ms.is_none() && *total > shown.run.listed)
    {
        Some(total) => words::tr!("{} of about {total}", shown.run.listed),
        None => shown.run.listed.to_string(),
    };
    let counts = words::tr!(
        "listed {listed}, fetched {}, skipped {}, removed {}, missing {}, filtered {}, dead {}, waiting {}",
        of(FetchResult::Fetched),
        of(FetchResult::Skipped),
        of(FetchResult::Removed),
        of(FetchResult::Missing),
        of(FetchResult::Filtered),
        of(FetchResult::Dead),
        shown.pending
    );
    match shown.run.falls_short_of() {
        Some(expected) => words::sentences(&[
            &counts,
            &words::tr!(
                "OKKI counts {expected}, {} more than it has shown",
                shown.run.short
            ),
        ]),
        None => counts,
    }
}
