//! `trace`: where a customer is, and how it got there, over all stages; the same in each of the three programs.

use super::{
    config,
    desk::{Desk, tell_fallback},
    print, quiet_at_terminal,
};
use crate::{
    trace::{Standing, Story, read, standing},
    when::{self, parse_time},
};
use anyhow::Context as _;
use clap::Args;
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    setting::ConfigError,
};
use serde::Serialize;
use std::{
    io,
    time::{Duration, Instant},
};

/// How often a long reading says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(3);

/// Whose way, and how far back.
#[derive(Debug, Args)]
#[group(skip)]
pub struct TraceArgs {
    /// Company id
    pub company: String,
    /// Read the account of events only from this time on, which is quicker: 2h (ago), 2026-01-02, 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<i64>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    desk: config::DeskArgs,
    #[command(flatten)]
    zone: config::ZoneArgs,
}

/// Arguments of `trace` in a program that knows no more than the account of events.
#[derive(Debug, Args)]
pub struct TraceCommand {
    #[command(flatten)]
    how: TraceArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// What the account of events says of a customer.
#[derive(Debug, Serialize)]
pub struct Traced {
    company_id: String,
    /// Where it is.
    #[serde(flatten)]
    standing: Standing,
    /// How it got there; `None`: there is no account of events.
    events: Option<Story>,
}

impl TraceArgs {
    /// Shows times in the user's zone.
    ///
    /// # Errors
    /// When the zone is none.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let zone = self.zone.time_zone.as_deref();
        when::show_in(zone)
            .map_err(|problem| ConfigError::new("TZ", problem, words::text!("or leave it away")))?;
        Ok(())
    }

    /// Reads the account of events.
    ///
    /// # Errors
    /// When the broker is away, or takes no messages.
    pub async fn look(&self, rt: &Runtime) -> anyhow::Result<Traced> {
        if let Some(story) = self.asked().await? {
            return Ok(self.traced(Some(story)));
        }
        let mut said = Instant::now();
        let view = |messages: u64, at: i64| {
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                pipeline::remark!(
                    "{messages} messages of the account of events read, up to {}",
                    when::time(at)
                );
            }
        };
        let events = read(&rt.broker, &self.company, self.since, view)
            .await
            .with_context(|| words::tr!("read the account of events"))?;
        Ok(self.traced(events))
    }

    /// What the read model says, where there is one that knows all of it.
    async fn asked(&self) -> anyhow::Result<Option<Story>> {
        let Some(desk) = Desk::of(&self.desk)? else {
            return Ok(None);
        };
        let Some(events) = desk.events(&self.company).await? else {
            tell_fallback(&desk);
            return Ok(None);
        };
        pipeline::remark!("answered by the read model at {}", desk.url());
        let since = self.since.unwrap_or(i64::MIN);
        let events = events.into_iter().filter(|events| events.at >= since);
        Ok(Some(Story::of(&self.company, events)))
    }

    fn traced(&self, events: Option<Story>) -> Traced {
        Traced {
            company_id: self.company.clone(),
            standing: standing(events.as_ref().map_or(&[], |story| &story.steps)),
            events,
        }
    }
}

impl Traced {
    /// Prints it for people.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn show(&self) -> anyhow::Result<()> {
        let mut text = Vec::new();
        print::traced(&mut text, &self.company_id, &self.standing, self.events.as_ref())?;
        let text = String::from_utf8_lossy(&text);
        pipeline::say_text!("{text}").map_err(|error: io::Error| error.into())
    }
}

/// Runs `trace` of a program.
///
/// # Errors
/// When a setting is wrong, or the account of events cannot be read.
pub async fn trace_for(service: &'static str, args: TraceCommand) -> anyhow::Result<()> {
    let mut common = CommonConfig::try_from(args.common)?;
    args.how.prepare()?;
    quiet_at_terminal(&mut common);
    let rt = Runtime::tool(service, &common)?;
    let traced = args.how.look(&rt).await?;
    if args.how.json {
        pipeline::say!("{}", serde_json::to_string_pretty(&traced)?)?;
        return Ok(());
    }
    traced.show()
}
