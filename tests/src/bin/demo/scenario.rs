//! The story: everything moves, some records are refused and die, the rest goes on changing and arriving; then the cause
//! goes away, the dead are put back with the product's own command, and the judge compares every cell.

use std::time::Duration;

use anyhow::{Context, bail};
use pipeline::telemetry::names;

use super::cast::Cast;
use super::progress::{Counts, Progress};
use super::report::Report;
use super::vendors::Verdict;
use kit::config::ServicesArgs;
use kit::harness::Service;

/// What the form refuses at first.
const MARKER: &str = "【拒收】";
/// The vendor's code for it: the check of an aggregation table failed.
const REFUSED: u32 = 4402;
/// Customers that carry the marker.
const MARKED: usize = 12;
/// Customers that change while the first load is under way.
const CHANGED: usize = 60;
/// How long any one act may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(250);

/// How big the demo is.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Customers to move
    #[arg(long, default_value_t = 2_000)]
    pub customers: u32,
    /// Seed of their contents
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Plays it; whether everything came out as promised.
pub async fn play(services: &ServicesArgs, options: &Options) -> anyhow::Result<bool> {
    let mut progress = Progress::start(options.customers.into());
    progress.say("starting RabbitMQ, Redis and the simulated vendors …");
    let mut cast = Cast::gather(services, options.customers, options.seed).await?;
    let outcome = act(&mut cast, &mut progress, options).await;
    progress.end();
    let (verdict, before, after) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("{}", cast.logs());
            return Err(error);
        }
    };
    let violations = cast.vendors.violations().await?;
    progress.say("stopping everything with SIGTERM …");
    cast.bow().await.context("stop everything")?;

    let report = Report::new(&verdict, before, after, progress.elapsed().as_secs_f64());
    let path = report.write()?;
    println!("\n{}\nreport: {}", report.table(), path.display());
    for violation in violations {
        println!("over a limit: {violation}");
    }
    if !verdict.is_equal() {
        println!("examples: {}", verdict.examples);
    }
    Ok(report.is_good())
}

async fn act(
    cast: &mut Cast,
    progress: &mut Progress,
    options: &Options,
) -> anyhow::Result<(Verdict, u64, u64)> {
    let total = u64::from(options.customers);
    cast.vendors.refuse(Some(MARKER), REFUSED).await?;
    cast.vendors.mark(MARKED, MARKER).await?;
    for service in [
        Service::Transformer,
        Service::Loader,
        Service::Loader,
        Service::Extractor,
    ] {
        cast.enter(service)?;
    }
    progress.say(&format!(
        "running: 1 extractor, 1 transformer, 2 loaders; {total} customers, {MARKED} of which the form refuses"
    ));

    until(
        cast,
        progress,
        "half of the customers are in the form",
        async |_, counts| Ok(counts.rows * 2 >= total),
    )
    .await?;
    let changed = cast.vendors.change(CHANGED).await?;
    progress.say(&format!(
        "{changed} customers change in OKKI while the rest is on its way …"
    ));

    until(
        cast,
        progress,
        "everything that can arrive has arrived",
        async |cast, counts| {
            // Cheap counts first: judging compares every cell.
            if counts.rows + MARKED as u64 != total || counts.dead < MARKED as u64 || !cast.is_idle().await? {
                return Ok(false);
            }
            let verdict = cast.vendors.judge().await?;
            Ok(verdict.missing == MARKED as u64 && verdict.stale == 0 && verdict.wrong_cells == 0)
        },
    )
    .await?;
    let before = u64::from(cast.queues.dead_in_all().await?);
    progress.say(&format!("$ loader dead groups   ({before} dead letters)"));
    for line in cast.tool(Service::Loader, &["dead", "groups"]).await?.lines() {
        progress.say(&format!("  {line}"));
    }

    cast.vendors.refuse(None, REFUSED).await?;
    progress.say("the form accepts them now; the dead are put back:");
    let reason = "the check of the form was corrected";
    let replay = ["dead", "replay", "--code", "row-refused", "--reason", reason];
    progress.say(&format!(
        "$ loader dead replay --code row-refused --reason \"{reason}\""
    ));
    for line in cast.tool(Service::Loader, &replay).await?.lines() {
        progress.say(&format!("  {line}"));
    }
    until(
        cast,
        progress,
        "the form equals the customers",
        async |cast, counts| {
            if counts.rows < total || !cast.is_idle().await? {
                return Ok(false);
            }
            Ok(cast.vendors.judge().await?.is_equal())
        },
    )
    .await?;
    let after = u64::from(cast.queues.dead_in_all().await?);
    Ok((cast.vendors.judge().await?, before, after))
}

/// Looks and shows until `done` says so.
async fn until(
    cast: &mut Cast,
    progress: &mut Progress,
    what: &str,
    mut done: impl AsyncFnMut(&Cast, Counts) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let start = std::time::Instant::now();
    loop {
        cast.check()?;
        let seen = cast.vendors.seen().await?;
        // Cheaper than asking the broker, which the demo would keep from its work; it is asked when it counts.
        let dead = cast.metric(names::DEAD_LETTERS, Some(Service::Loader)).await;
        let mapped = cast.metric(names::RECORDS, Some(Service::Transformer)).await;
        let counts = Counts {
            details: seen.details,
            mapped,
            rows: seen.rows,
            dead,
        };
        progress.show(counts);
        if done(cast, counts).await? {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let verdict = cast.vendors.judge().await?;
            bail!(
                "not within {PATIENCE:?}: {what}; seen {counts:?}, judged {verdict:?}; logs: {}",
                cast.folder().display()
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}
