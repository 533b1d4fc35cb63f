//! After the last fault: everything is allowed again, the letters that were refused on purpose are replayed with the
//! product's own command, and the run waits until nothing moves any more.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Deserialize;

use super::progress::Progress;
use super::supervisor::Supervised;
use kit::pipeline::{PipelineUnderTest, Service};

/// How long everything may take to become quiet.
const QUIET: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(500);
/// Customers without a disposition are missing when nothing has moved for so long.
const PATIENCE: &str = "5s";
/// What the form refused on purpose.
const REFUSED: &str = "row-refused";

#[derive(Debug, Deserialize)]
struct Group {
    code: String,
    count: u64,
    example: String,
}

/// Waits until nothing moves any more and the form equals the customers. Running out of time is no error: the judge
/// says what is wrong.
pub(crate) async fn wait_for_quiet(run: &mut Supervised, progress: &Progress) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut seen = String::new();
    while start.elapsed() < QUIET {
        run.supervise()?;
        tokio::time::sleep(POLL).await;
        let pipeline = &run.pipeline;
        let waiting = pipeline.queues.waiting_in_all().await?;
        let idle = pipeline.idle().await;
        if waiting > 0 || idle.is_err() {
            seen = format!("{waiting} waiting, in hand: {idle:?}");
            continue;
        }
        let refused = groups(pipeline, Service::Loader).await?;
        if refused.iter().any(|group| group.code == REFUSED) {
            replay(pipeline, progress).await?;
            continue;
        }
        let judged = pipeline.simulator.judge().await;
        if judged.is_equal() {
            let (difference, _) = accounting(pipeline).await?;
            if difference == 0 {
                progress.say("quiet: the form equals the customers");
                return Ok(());
            }
            seen = format!("the form equals the customers, the accounting is off by {difference}");
            continue;
        }
        let form = format!(
            "{} missing, {} duplicates, {} stale, {} extra, {} wrong cells",
            judged.missing, judged.duplicates, judged.stale, judged.extra, judged.wrong_cells
        );
        if form != seen {
            progress.say(&format!("nothing waits; the form: {form}"));
        }
        seen = form;
    }
    progress.say(&format!(
        "not quiet within {QUIET:?}: {seen}\n{}",
        run.pipeline.states().await
    ));
    Ok(())
}

async fn replay(pipeline: &PipelineUnderTest, progress: &Progress) -> anyhow::Result<()> {
    let reason = "the form accepts them again";
    let arguments = ["dead", "replay", "--code", REFUSED, "--reason", reason];
    let said = pipeline.tool(Service::Loader, &arguments).await?;
    let last = said.lines().last().unwrap_or_default().to_owned();
    progress.say(&format!("$ loader dead replay --code {REFUSED}   {last}"));
    Ok(())
}

/// Dead letters that are left, all stages, with what they died of.
pub(crate) async fn dead(pipeline: &PipelineUnderTest) -> anyhow::Result<(u64, Vec<String>)> {
    let mut count = 0;
    let mut said = Vec::new();
    for service in Service::ALL {
        for group in groups(pipeline, service).await? {
            count += group.count;
            let Group { code, count, example } = group;
            said.push(format!("{} {code} × {count}: {example}", service.name()));
        }
    }
    Ok((count, said))
}

async fn groups(pipeline: &PipelineUnderTest, service: Service) -> anyhow::Result<Vec<Group>> {
    let said = pipeline.tool(service, &["dead", "groups", "--json"]).await?;
    serde_json::from_str(&said).with_context(|| format!("groups of dead letters: {said}"))
}

/// By how much the product's own accounting is off, and its explanation.
pub(crate) async fn accounting(pipeline: &PipelineUnderTest) -> anyhow::Result<(u64, String)> {
    #[derive(Deserialize)]
    struct BalanceCheck {
        difference: u64,
    }
    // A difference is what the command fails with.
    let output = pipeline
        .tool_output(Service::Loader, &["books", "--json", "--patience", PATIENCE])
        .await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let check: BalanceCheck = serde_json::from_str(&said).with_context(|| {
        format!(
            "the accounting: {said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    Ok((check.difference, said))
}
