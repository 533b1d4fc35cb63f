//! `status`: whether all is well, over all stages and replicas; the same in each of the three programs.

use super::{
    config::{DeskArgs, ZoneArgs},
    desk::Desk,
    print, quiet_at_terminal,
};
use crate::{
    browse::{Filter, Group},
    overview::{Facts, Overview, Verdict, gather},
    when,
};
use clap::Args;
use pipeline::{
    cause::chain,
    cli::Found,
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};
use serde_json::Value;
use std::{collections::BTreeMap, io::IsTerminal, time::Duration};

/// How often a terminal that watches is drawn anew.
const EVERY: Duration = Duration::from_secs(2);
/// To the upper left, and nothing below.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// How it is shown.
#[derive(Debug, Args)]
#[group(skip)]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show it again every two seconds until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    desk: DeskArgs,
    #[command(flatten)]
    zone: ZoneArgs,
}

/// Arguments of `status` in a program that knows no more than the overview.
#[derive(Debug, Args)]
pub struct StatusCommand {
    #[command(flatten)]
    how: StatusArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// What a program knows beside the overview, as JSON whose keys stand beside its own, and in words.
#[derive(Debug, Default)]
pub struct More {
    /// An object.
    pub json: Value,
    /// Lines.
    pub text: String,
}

/// Runs `status` of a program: exit code 0 well, 1 not well or not all loaded yet, 2 cannot tell.
///
/// # Errors
/// [`Found`] with the verdict, or when a setting is wrong.
pub async fn status_for(service: &'static str, args: StatusCommand) -> anyhow::Result<()> {
    status(service, args.how, args.common, async |_| Ok(More::default())).await
}

/// The same with what only this program knows.
///
/// # Errors
/// As [`status_for`].
pub async fn status(
    service: &'static str,
    how: StatusArgs,
    common: CommonArgs,
    more: impl AsyncFn(&Runtime) -> anyhow::Result<More>,
) -> anyhow::Result<()> {
    let mut common = CommonConfig::try_from(common)?;
    when::show_in(how.zone.time_zone.as_deref())
        .map_err(|problem| ConfigError::new("TZ", problem, words::text!("or leave it away")))?;
    let desk = Desk::of(&how.desk)?;
    quiet_at_terminal(&mut common);
    let runtime = Runtime::tool(service, &common)?;
    loop {
        let verdict = match look(&runtime, &common, desk.as_ref(), &more).await {
            Ok(looked) => looked.show(&how)?,
            Err(error) => cannot_tell(&error, &how)?,
        };
        if !how.watch || !runtime.shutdown.sleep(EVERY).await {
            return match verdict {
                Verdict::Well => Ok(()),
                // Rows are missing; a script that waits for all of them goes on waiting.
                Verdict::Loading | Verdict::NotWell => Err(Found(1).into()),
                Verdict::Unknown => Err(Found(2).into()),
            };
        }
    }
}

/// One look.
struct Looked {
    overview: Overview,
    now_ms: i64,
    more: More,
}

async fn look(
    runtime: &Runtime,
    common: &CommonConfig,
    desk: Option<&Desk>,
    more: &impl AsyncFn(&Runtime) -> anyhow::Result<More>,
) -> anyhow::Result<Looked> {
    let mut facts = gather(runtime, common).await?;
    if let Some(desk) = desk {
        facts.groups = groups(desk, &facts).await;
    }
    Ok(Looked {
        overview: Overview::of(&facts),
        now_ms: facts.now_ms,
        more: more(runtime).await?,
    })
}

/// Groups of the stages that have dead letters. A desk that does not answer is told; the rest is true without it.
async fn groups(desk: &Desk, facts: &Facts) -> BTreeMap<&'static str, Vec<Group>> {
    let all = Filter::default().query.source();
    let mut found = BTreeMap::new();
    for (stage, depths) in Stage::ALL.into_iter().zip(facts.depths.unwrap_or_default()) {
        if depths.dead == Some(0) {
            continue;
        }
        match desk.groups(stage, &all).await {
            Ok(Some(answer)) => {
                found.insert(stage.name(), serde_json::from_value(answer).unwrap_or_default());
            }
            Ok(None) => {}
            Err(error) => {
                pipeline::remark!("{}", words::retold(&format!("{error:#}")));
                break;
            }
        }
    }
    found
}

impl Looked {
    fn show(self, how: &StatusArgs) -> anyhow::Result<Verdict> {
        let Self {
            overview,
            now_ms,
            more,
        } = self;
        if how.json {
            let mut all = serde_json::to_value(&overview)?;
            if let (Value::Object(all), Value::Object(more)) = (&mut all, more.json) {
                all.extend(more);
            }
            pipeline::say!("{all}")?;
            return Ok(overview.verdict);
        }
        let mut text = Vec::new();
        print::overview(&mut text, &overview, now_ms)?;
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if !more.text.is_empty() {
            text = format!("{text}\n{}", more.text);
        }
        draw(&text, how)?;
        Ok(overview.verdict)
    }
}

fn cannot_tell(error: &anyhow::Error, how: &StatusArgs) -> anyhow::Result<Verdict> {
    let why = words::retold(&chain(error.as_ref()));
    let sentence = words::tr!("it cannot be told whether all is well: {why}");
    if how.json {
        let answer = serde_json::json!({"verdict": Verdict::Unknown, "sentence": sentence});
        pipeline::say!("{answer}")?;
    } else {
        let next =
            words::text!("see whether Redis runs and REDIS_URL is right; any program's `doctor` says more");
        draw(&format!("? {sentence}\n    → {next}\n"), how)?;
    }
    Ok(Verdict::Unknown)
}

fn draw(text: &str, how: &StatusArgs) -> std::io::Result<()> {
    let clear = match how.watch && std::io::stdout().is_terminal() {
        true => CLEAR,
        false => "",
    };
    pipeline::say_text!("{clear}{text}")
}
