//! One run: start, rounds of faults, quiet, judgement.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::environment::{self, push_changes, queues_are_on_disk};
use super::faults::Injector;
use super::progress::Progress;
use super::quiet::{accounting, dead, wait_for_quiet};
use super::report::{Report, default_file};
use super::schedule::{self, Scheduled};
use super::supervisor::Supervised;
use super::vendors::{MARKER, REFUSED, lose_answers, overruns};
use kit::pipeline::PipelineUnderTest;
use kit::simulator::{Overruns, Poison};

/// How long all replicas may take to be ready, at the start and after a round.
const READY: Duration = Duration::from_secs(120);
/// Customers that are refused from the beginning.
const POISONED: usize = 3;

/// How much chaos.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Seed of the schedule and of the customers; the same seed gives the same schedule
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Processes to kill, terminate, freeze or empty
    #[arg(long, default_value_t = 100)]
    pub kills: usize,
    /// Customers to begin with
    #[arg(long, default_value_t = 5_000)]
    pub customers: u32,
    /// Where the report goes; logs are kept beside it when something was found [default: target/chaos/report.json]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

impl Options {
    /// Where the report goes.
    pub(crate) fn report_file(&self) -> PathBuf {
        self.report.clone().unwrap_or_else(default_file)
    }

    /// Where the logs of this run go: no other run may have the same folder at the same time.
    fn logs_folder(&self) -> PathBuf {
        match &self.report {
            Some(file) => file.with_extension("logs"),
            None => {
                let run = format!("logs-{}-{}-{}", self.seed, self.kills, self.customers);
                default_file().with_file_name(run)
            }
        }
    }
}

/// Runs chaos; the report, which may be a bad one.
///
/// # Errors
/// When a replica ended by itself, or did not become ready again, or could not be asked.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let logs = options.logs_folder();
    if logs.exists() {
        std::fs::remove_dir_all(&logs).context("remove the logs of an earlier run")?;
    }
    std::fs::create_dir_all(&logs).context("make a folder for logs")?;
    let progress = Progress::start(options.kills);
    let ended = attack(options, &progress, &logs).await;
    progress.end();
    match ended {
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

async fn attack(options: &Options, progress: &Progress, logs: &Path) -> anyhow::Result<Report> {
    progress.say("starting RabbitMQ, Redis, the simulated vendors and two replicas of each stage …");
    let pipeline = environment::start(options.customers, options.seed, logs).await?;
    let mut run = Supervised::new(pipeline);
    let mut report = match rounds(options, progress, &mut run).await {
        Ok(report) => report,
        Err(error) => return Err(explained(error, &mut run, logs).await?),
    };

    wait_for_quiet(&mut run, progress).await?;
    let Supervised { pipeline, .. } = &mut run;
    let judged = pipeline.simulator.judge().await;
    report.judged(&judged);
    let webhook = pipeline.simulator.webhook();
    report.pushed(&webhook);
    ensure!(
        report.pushes_taken > 0 || webhook.events < 20,
        "no push of the webhook arrived: {webhook:?}"
    );
    let (unexpected, died_of) = dead(pipeline).await?;
    report.dead_unexpected = unexpected;
    let (difference, balance) = accounting(pipeline).await?;
    report.books_difference = difference;
    if !report.is_good() {
        progress.say(&format!(
            "{}\ndead: {died_of:#?}\naccounting: {balance}",
            serde_json::to_string_pretty(&judged.examples)?
        ));
    }
    let forced = report.quota_violations;
    let overruns = overruns(&run);
    let Overruns {
        calls, okki, refused, ..
    } = overruns;
    report.quota_violations = calls.saturating_sub(forced);
    report.overruns = Overruns {
        calls: report.quota_violations,
        okki: okki.min(report.quota_violations),
        refused: refused.saturating_sub(forced),
        ..overruns
    };
    let pipeline = &mut run.pipeline;
    let stats = pipeline.simulator.stats();
    let explained = (stats.okki.total_calls + stats.jdy.total_calls) / 100;
    report.overruns_too_many = report.quota_violations.saturating_sub(explained);
    if report.quota_violations > 0 {
        let examples = [stats.okki.violation_examples, stats.jdy.violation_examples].concat();
        progress.say(&format!("over a limit, the first: {examples:?}"));
    }
    keep_broker_log(pipeline, logs)?;
    pipeline.try_drain().await.context("stop everything")?;
    report.seconds = round_up(progress.elapsed());
    Ok(report)
}

/// The error with what is needed to understand it after everything is gone.
async fn explained(error: anyhow::Error, run: &mut Supervised, logs: &Path) -> anyhow::Result<anyhow::Error> {
    let pipeline = &mut run.pipeline;
    let kept = keep_broker_log(pipeline, logs)?;
    let states = pipeline.states().await;
    let error = error.context(format!("{states}\nbroker's log: {kept:?}"));
    let broker = pipeline.services.as_mut().and_then(|services| services.broker());
    let crashed = broker.map(|broker| broker.crashed_queues());
    // What RabbitMQ does to itself is not the product's fault, and cannot be healed from outside.
    Ok(match crashed.filter(|queues| !queues.is_empty()) {
        Some(queues) => error.context(format!("queues crashed in the broker by themselves: {queues:?}")),
        None => error,
    })
}

fn keep_broker_log(pipeline: &PipelineUnderTest, logs: &Path) -> anyhow::Result<Option<PathBuf>> {
    let services = pipeline.services.as_ref().context("private services")?;
    services.keep_log(logs)
}

async fn rounds(options: &Options, progress: &Progress, run: &mut Supervised) -> anyhow::Result<Report> {
    run.pipeline.simulator.set(|settings| {
        settings.jdy.poison = vec![Poison {
            marker: MARKER.to_owned(),
            code: REFUSED,
        }];
    });
    let listeners = push_changes(&mut run.pipeline)?;
    run.start(&listeners)?;
    let mut injector = Injector::new(options.seed);
    injector.poison(run, POISONED)?;
    ready(run, &mut injector).await.context("at the start")?;
    let start = Instant::now();
    while !queues_are_on_disk(&mut run.pipeline) {
        if start.elapsed() > READY {
            bail!("the broker did not save its list of queues within {READY:?}");
        }
        injector.tick(run).await?;
    }
    lose_answers(run, options.seed);

    for (number, round) in schedule::draw(options.seed, options.kills).iter().enumerate() {
        injector
            .round(run, round)
            .await
            .with_context(|| format!("in round {number}: {}", kinds(round)))?;
        ready(run, &mut injector)
            .await
            .with_context(|| format!("after round {number}: {}", kinds(round)))?;
        progress.show(
            injector.kills,
            &format!(
                "{}/{} rows, {} updates; {}",
                run.pipeline.simulator.form_rows(),
                run.pipeline.simulator.customers(),
                injector.updates,
                kinds(round)
            ),
        );
    }
    progress.say("no more faults; waiting for quiet …");
    run.pipeline.simulator.clear_faults(None);
    run.pipeline.simulator.set(|settings| settings.jdy.poison.clear());
    Ok(Report {
        seed: options.seed,
        kills: injector.kills,
        faults: injector.faults,
        updates: injector.updates,
        quota_violations: injector.forced_violations,
        recovery_seconds_max: round_up(injector.recovery),
        ..Report::default()
    })
}

/// Waits until every replica is ready; customers go on changing meanwhile.
async fn ready(run: &mut Supervised, injector: &mut Injector) -> anyhow::Result<()> {
    let start = Instant::now();
    while !injector.tick(run).await? || !run.all_ready().await {
        if start.elapsed() > READY {
            bail!(
                "not every replica was ready within {READY:?}:\n{}",
                run.pipeline.states().await
            );
        }
    }
    Ok(())
}

fn kinds(round: &[Scheduled]) -> String {
    let kinds: Vec<_> = round.iter().map(|scheduled| scheduled.injection.kind()).collect();
    kinds.join(", ")
}

fn round_up(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).ceil() / 10.0
}
