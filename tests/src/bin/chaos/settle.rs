//! After the last fault: everything is allowed again, what was refused on purpose is put back with the product's own
//! command, and whoever waits here waits for quiet.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::cast::Cast;
use super::progress::Progress;
use kit::harness::Service;

/// How long everything may take to become quiet.
const QUIET: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(500);
/// Open customers are missing when nothing has moved for so long.
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
pub async fn settle(cast: &mut Cast, progress: &Progress) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut seen = String::new();
    while start.elapsed() < QUIET {
        cast.supervise()?;
        tokio::time::sleep(LOOK).await;
        let waiting = cast.queues.waiting_in_all().await?;
        let held = cast.idle().await;
        if waiting > 0 || held.is_err() {
            seen = format!("{waiting} waiting, in somebody's hands: {held:?}");
            continue;
        }
        let refused = groups(cast, Service::Loader).await?;
        if refused.iter().any(|group| group.code == REFUSED) {
            replay(cast, progress).await?;
            continue;
        }
        let verdict = cast.simulator.judge().await;
        if verdict.is_equal() {
            let (difference, _) = books(cast).await?;
            if difference == 0 {
                progress.say("quiet: the form equals the customers");
                return Ok(());
            }
            seen = format!("the form equals the customers, the books are off by {difference}");
            continue;
        }
        let form = format!(
            "{} missing, {} doubled, {} stale, {} extra, {} wrong cells",
            verdict.missing, verdict.duplicates, verdict.stale, verdict.extra, verdict.wrong_cells
        );
        if form != seen {
            progress.say(&format!("nothing waits; the form: {form}"));
        }
        seen = form;
    }
    progress.say(&format!(
        "not quiet within {QUIET:?}: {seen}\n{}",
        cast.states().await
    ));
    Ok(())
}

async fn replay(cast: &Cast, progress: &Progress) -> anyhow::Result<()> {
    let reason = "the form accepts them again";
    let arguments = ["dead", "replay", "--code", REFUSED, "--reason", reason];
    let said = cast.tool(Service::Loader, &arguments).await?;
    if !said.success {
        bail!("loader {}: {}\n{}", arguments.join(" "), said.out, said.errors);
    }
    let last = said.out.lines().last().unwrap_or_default().to_owned();
    progress.say(&format!("$ loader dead replay --code {REFUSED}   {last}"));
    Ok(())
}

/// Dead letters that are left, all stages, with what they died of.
pub async fn dead(cast: &Cast) -> anyhow::Result<(u64, Vec<String>)> {
    let mut count = 0;
    let mut said = Vec::new();
    for service in Service::ALL {
        for group in groups(cast, service).await? {
            count += group.count;
            let Group { code, count, example } = group;
            said.push(format!("{} {code} × {count}: {example}", service.name()));
        }
    }
    Ok((count, said))
}

async fn groups(cast: &Cast, service: Service) -> anyhow::Result<Vec<Group>> {
    let said = cast.tool(service, &["dead", "groups", "--json"]).await?;
    if !said.success {
        bail!("{} dead groups: {}", service.name(), said.errors);
    }
    serde_json::from_str(&said.out).with_context(|| format!("groups of dead letters: {}", said.out))
}

/// What the product's own books are off by, and its explanation.
pub async fn books(cast: &Cast) -> anyhow::Result<(u64, String)> {
    #[derive(Deserialize)]
    struct Audit {
        difference: u64,
    }
    let said = cast
        .tool(Service::Loader, &["books", "--json", "--patience", PATIENCE])
        .await?;
    let audit: Audit = serde_json::from_str(&said.out)
        .with_context(|| format!("the books: {}\n{}", said.out, said.errors))?;
    Ok((audit.difference, said.out))
}
