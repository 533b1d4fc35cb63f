//! The story: everything moves, some records are refused and die, the rest goes on changing and arriving; then the cause
//! goes away, the dead are replayed with the product's own command, and the judge compares every cell.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use pipeline::telemetry::names;

use super::control;
use super::progress::{Counts, Progress};
use super::report::Report;
use kit::config::ServicesArgs;
use kit::desk::Desk;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Judgement, Limiter, Overruns, SimulatorProcess};

/// What the form refuses at first.
const MARKER: &str = "【拒收】";
/// The vendor's code for it: the check of an aggregation table failed.
const REFUSED: u32 = 4402;
/// Customers that carry the marker.
const MARKED: usize = 12;
/// Customers that change while the first load is under way.
const CHANGED: usize = 60;
/// How long any one step may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(250);

const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

/// Calls that the demo's account takes in any second; the same as `OKKI_RATE`.
const OKKI_LIMIT: f64 = 200.0;

/// OKKI publishes no limits, so the account's owner sets them; the demo's account is a generous one.
const EXTRACTOR: [(&str, &str); 6] = [
    ("OKKI_RATE", "200"),
    ("OKKI_BURST", "10"),
    ("OKKI_CONCURRENCY", "16"),
    ("EVERY", "1s"),
    ("SETTLE_DELAY", "2s"),
    ("BACKFILL_AHEAD", "2000"),
];
/// A short time-out also shortens the wait for late writes of a predecessor when the loader finds no index.
const LOADER: [(&str, &str); 2] = [("JDY_TIMEOUT", "5s"), ("INDEX_SETTLE", "2s")];

type Pipeline = PipelineUnderTest<SimulatorProcess>;

/// How big the demo is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Customers to move
    #[arg(long, default_value_t = 2_000)]
    pub customers: u32,
    /// Seed of their contents
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Leave everything running for a look, until Ctrl-C
    #[arg(long)]
    pub keep: bool,
}

/// What the story ended with.
struct Ending {
    judged: Judgement,
    dead_before: u64,
    dead_after: u64,
}

/// Runs the demo; whether everything came out as promised.
pub(crate) async fn run(services: &ServicesArgs, options: &Options) -> anyhow::Result<bool> {
    let mut progress = Progress::start(options.customers.into());
    progress.say("starting RabbitMQ, Redis and the simulated vendors …");
    let mut pipeline = PipelineUnderTest::named("demo")
        .own_services(services)
        .customers(options.customers)
        .seed(options.seed)
        // OKKI publishes no limits, so the demo's account takes exactly what the extractor is set to; Jiandaoyun's are the
        // vendor's.
        .simulator(|options| {
            options.settings.okki.per_second = Some(OKKI_LIMIT);
            options.settings.okki.limiter = Limiter::Sliding;
        })
        .retry_delays(RETRY_DELAYS)
        .set_all_for(Service::Extractor, &EXTRACTOR)
        .set_all_for(Service::Loader, &LOADER)
        .try_start_apart()
        .await?;
    let folder = tempfile::tempdir().context("make a folder for the desk")?;
    let desk = Desk::start(&pipeline, folder.path(), &[]).await?;
    progress.say(&format!("the desk is open: {}", desk.url));
    let ended = story(&mut pipeline, &mut progress, options).await;
    progress.end();
    let ending = match ended {
        Ok(ending) => ending,
        Err(error) => {
            eprintln!("{}", pipeline.logs(12));
            return Err(error);
        }
    };
    let stats = pipeline.simulator.stats().await?;
    if options.keep {
        println!("\neverything runs on: {} ; Ctrl-C ends it", desk.url);
        std::future::pending::<()>().await;
    }
    progress.say("stopping everything with SIGTERM …");
    drop(desk);
    pipeline.try_drain().await.context("stop everything")?;
    drop(pipeline);

    let Ending {
        judged,
        dead_before,
        dead_after,
    } = ending;
    let overruns = Overruns::of(&stats);
    let report = Report::new(
        &judged,
        overruns,
        dead_before,
        dead_after,
        progress.elapsed().as_secs_f64(),
    );
    let path = report.write()?;
    println!("\n{}\nreport: {}", report.table(), path.display());
    if overruns.calls > 0 || overruns.together > 0 {
        println!("{overruns}");
    }
    for violation in [stats.okki.violation_examples, stats.jdy.violation_examples].concat() {
        println!("over a limit: {}", serde_json::to_string(&violation)?);
    }
    if !judged.is_equal() {
        println!("examples: {}", serde_json::to_string(&judged.examples)?);
    }
    Ok(report.is_good())
}

async fn story(
    pipeline: &mut Pipeline,
    progress: &mut Progress,
    options: &Options,
) -> anyhow::Result<Ending> {
    let total = u64::from(options.customers);
    control::refuse(&pipeline.simulator, Some(MARKER), REFUSED).await?;
    control::mark(&pipeline.simulator, MARKED, MARKER).await?;
    for service in [
        Service::Transformer,
        Service::Loader,
        Service::Loader,
        Service::Extractor,
    ] {
        pipeline.try_run(service)?;
    }
    progress.say(&format!(
        "running: 1 extractor, 1 transformer, 2 loaders; {total} customers, {MARKED} of which the form refuses"
    ));

    let half = "half of the customers are in the form";
    until(pipeline, progress, half, async |_, counts| {
        Ok(counts.rows * 2 >= total)
    })
    .await?;
    let changed = control::change(&pipeline.simulator, CHANGED).await?;
    progress.say(&format!(
        "{changed} customers change in OKKI while the rest is on its way …"
    ));

    let arrived = "everything that can arrive has arrived";
    until(pipeline, progress, arrived, async |pipeline, counts| {
        // Cheap counts first: judging compares every cell.
        if counts.rows + MARKED as u64 != total || counts.dead < MARKED as u64 || !is_idle(pipeline).await? {
            return Ok(false);
        }
        let judged = pipeline.simulator.judge().await?;
        Ok(judged.missing == MARKED && judged.stale == 0 && judged.wrong_cells == 0)
    })
    .await?;
    let dead_before = u64::from(pipeline.queues.dead_in_all().await?);
    progress.say(&format!("$ loader dead groups   ({dead_before} dead letters)"));
    show(pipeline, progress, &["dead", "groups"]).await?;

    control::refuse(&pipeline.simulator, None, REFUSED).await?;
    progress.say("the form accepts them now; the dead letters are replayed:");
    let reason = "the check of the form was corrected";
    progress.say(&format!(
        "$ loader dead replay --code row-refused --reason \"{reason}\""
    ));
    let replay = ["dead", "replay", "--code", "row-refused", "--reason", reason];
    show(pipeline, progress, &replay).await?;
    let equal = "the form equals the customers";
    until(pipeline, progress, equal, async |pipeline, counts| {
        if counts.rows < total || !is_idle(pipeline).await? {
            return Ok(false);
        }
        Ok(pipeline.simulator.judge().await?.is_equal())
    })
    .await?;
    Ok(Ending {
        judged: pipeline.simulator.judge().await?,
        dead_before,
        dead_after: pipeline.queues.dead_in_all().await?.into(),
    })
}

/// Runs a command of the loader and shows what it prints.
async fn show(pipeline: &Pipeline, progress: &Progress, arguments: &[&str]) -> anyhow::Result<()> {
    for line in pipeline.tool(Service::Loader, arguments).await?.lines() {
        progress.say(&format!("  {line}"));
    }
    Ok(())
}

/// Whether no record waits in a queue or is in a service's hands.
async fn is_idle(pipeline: &Pipeline) -> anyhow::Result<bool> {
    Ok(pipeline.queues.waiting_in_all().await? == 0 && pipeline.idle().await.is_ok())
}

/// Polls and shows what is seen until `done` says so.
async fn until(
    pipeline: &mut Pipeline,
    progress: &mut Progress,
    what: &str,
    mut done: impl AsyncFnMut(&Pipeline, Counts) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        pipeline.check()?;
        let stats = pipeline.simulator.stats().await?;
        let counts = Counts {
            details: stats.okki.calls_of("info"),
            mapped: pipeline.metric(names::RECORDS, Service::Transformer).await,
            rows: stats.form_rows as u64,
            // Cheaper than asking the broker, which the demo would keep from its work; it is asked when it counts.
            dead: pipeline.metric(names::DEAD_LETTERS, Service::Loader).await,
        };
        progress.show(counts);
        if done(pipeline, counts).await? {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let judged = pipeline.simulator.judge().await?;
            bail!("not within {PATIENCE:?}: {what}; seen {counts:?}, judged {judged:?}");
        }
        tokio::time::sleep(POLL).await;
    }
}
