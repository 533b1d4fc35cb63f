//! The whole show: start, rounds of faults, quiet, verdict.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::cast::Cast;
use super::perform::{Director, MARKER, lie, violation_examples, violations};
use super::progress::Progress;
use super::report::{Report, folder};
use super::schedule::{self, Planned};
use super::settle::{books, dead, settle};
use kit::simulator::Poison;

/// How long everybody may take to be ready, at the start and after a round.
const READY: Duration = Duration::from_secs(120);
/// The vendor's code of a refused row: the check of an aggregation table failed.
const REFUSED: i64 = 4402;
/// Customers that are refused from the beginning.
const POISONED: usize = 3;

/// How much chaos.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Seed of the schedule and of the customers; the same seed gives the same schedule
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Processes to kill, terminate, freeze or empty
    #[arg(long, default_value_t = 100)]
    pub kills: usize,
    /// Customers to begin with
    #[arg(long, default_value_t = 5_000)]
    pub customers: u32,
}

/// Plays it; the report, which may be a bad one.
///
/// # Errors
/// When somebody ended by itself, or did not become ready again, or could not be asked.
pub async fn play(options: &Options) -> anyhow::Result<Report> {
    // Another run, of the tests for example, may be under way with the same seed.
    let run = format!("logs-{}-{}-{}", options.seed, options.kills, options.customers);
    let logs = folder()?.join(run);
    if logs.exists() {
        std::fs::remove_dir_all(&logs).context("remove the logs of an earlier run")?;
    }
    std::fs::create_dir_all(&logs).context("make a folder for logs")?;
    let progress = Progress::start(options.kills);
    let played = show(options, &progress, &logs).await;
    progress.end();
    match played {
        Ok(report) => {
            if report.is_good() {
                std::fs::remove_dir_all(&logs).context("remove the logs")?;
            } else {
                println!("logs: {}", logs.display());
            }
            Ok(report)
        }
        Err(error) => Err(error.context(format!("seed {}; logs: {}", options.seed, logs.display()))),
    }
}

async fn show(options: &Options, progress: &Progress, logs: &Path) -> anyhow::Result<Report> {
    progress.say("starting RabbitMQ, Redis, the simulated vendors and two replicas of each stage …");
    let mut cast = Cast::gather(options.customers, options.seed, logs).await?;
    let played = rounds(options, progress, &mut cast).await;
    if let Err(error) = played {
        let kept = cast.services.keep_log(logs)?;
        let states = cast.states().await;
        let error = error.context(format!("{states}\nbroker's log: {kept:?}"));
        let crashed = cast.services.broker().map(|broker| broker.crashed_queues());
        // What RabbitMQ does to itself is not the product's doing, and cannot be healed from outside.
        return Err(match crashed.filter(|queues| !queues.is_empty()) {
            Some(queues) => error.context(format!("queues crashed in the broker by themselves: {queues:?}")),
            None => error,
        });
    }
    let mut report = played?;

    settle(&mut cast, progress).await?;
    let verdict = cast.simulator.judge().await;
    report.judged(&verdict);
    let (unexpected, died) = dead(&cast).await?;
    report.dead_unexpected = unexpected;
    let (difference, balance) = books(&cast).await?;
    report.books_difference = difference;
    report.quota_violations = violations(&cast).saturating_sub(report.quota_violations);
    if !report.is_good() {
        progress.say(&format!(
            "{}\ndead: {died:#?}\nbooks: {balance}",
            serde_json::to_string_pretty(&verdict.examples)?
        ));
    }
    if report.quota_violations > 0 {
        progress.say(&format!(
            "over a limit, the first: {:?}",
            violation_examples(&cast)
        ));
    }
    let kept = cast.services.keep_log(logs)?;
    tracing::debug!(?kept, "the broker's log");
    cast.bow().await.context("stop everything")?;
    report.seconds = round_up(progress.elapsed());
    Ok(report)
}

async fn rounds(options: &Options, progress: &Progress, cast: &mut Cast) -> anyhow::Result<Report> {
    cast.simulator.set(|settings| {
        settings.jdy.poison = vec![Poison {
            marker: MARKER.to_owned(),
            code: REFUSED,
        }];
    });
    cast.enter()?;
    let mut director = Director::new(options.seed);
    director.poison(cast, POISONED)?;
    ready(cast, &mut director).await.context("at the start")?;
    let start = Instant::now();
    while !cast.queues_are_on_disk() {
        if start.elapsed() > READY {
            bail!("the broker did not save its list of queues within {READY:?}");
        }
        director.tick(cast).await?;
    }
    lie(cast, options.seed);

    for (number, round) in schedule::draw(options.seed, options.kills).iter().enumerate() {
        director
            .round(cast, round)
            .await
            .with_context(|| format!("in round {number}: {}", told(round)))?;
        ready(cast, &mut director)
            .await
            .with_context(|| format!("after round {number}: {}", told(round)))?;
        progress.show(
            director.kills,
            &format!(
                "{}/{} rows, {} updates; {}",
                cast.simulator.form_rows(),
                cast.simulator.customers(),
                director.updates,
                told(round)
            ),
        );
    }
    progress.say("no more faults; waiting for quiet …");
    cast.simulator.clear_faults(None);
    cast.simulator.set(|settings| settings.jdy.poison.clear());
    Ok(Report {
        seed: options.seed,
        kills: director.kills,
        faults: director.faults,
        updates: director.updates,
        quota_violations: director.forced_violations,
        recovery_seconds_max: round_up(director.recovery),
        ..Report::default()
    })
}

/// Waits until everybody is ready; customers go on changing meanwhile.
async fn ready(cast: &mut Cast, director: &mut Director) -> anyhow::Result<()> {
    let start = Instant::now();
    while !director.tick(cast).await? || !cast.all_ready().await {
        if start.elapsed() > READY {
            bail!(
                "not everybody was ready within {READY:?}:\n{}",
                cast.states().await
            );
        }
    }
    Ok(())
}

fn told(round: &[Planned]) -> String {
    let kinds: Vec<_> = round.iter().map(|planned| planned.deed.kind()).collect();
    kinds.join(", ")
}

fn round_up(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).ceil() / 10.0
}
