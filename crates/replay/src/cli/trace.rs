//! `trace`: where a customer is, or those of a run, and how they got there; the same in each of the three programs.

use super::{
    config,
    desk::{Desk, tell_fallback},
    print, quiet_at_terminal,
};
use crate::{
    trace::{OpenLetter, Standing, Story, of_customer, open_letters, read, standing},
    when::{self, parse_past},
    workspace::Workspace,
};
use anyhow::Context as _;
use clap::Args;
use pipeline::{
    cause::chain,
    config::{CommonArgs, CommonConfig},
    failure::record::FailureRecord,
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};
use serde::Serialize;
use serde_json::Value;
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
    /// Company id, or a text such as its name, which is looked for in the open dead letters
    #[arg(value_name = "COMPANY", required_unless_present = "run")]
    pub(super) who: Option<String>,
    /// Show which customers of this run failed, wait, or were filtered
    #[arg(long, value_name = "RUN", conflicts_with = "who")]
    pub(super) run: Option<String>,
    /// Read the account of events only from this time on, which is quicker: 2h (ago), 2026-01-02, 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = parse_past)]
    pub(super) since: Option<i64>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub(super) desk: config::DeskArgs,
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
    pub async fn look(&self, rt: &Runtime, company: &str) -> anyhow::Result<Traced> {
        let story = match self.asked(company).await? {
            Some(story) => Some(story),
            None => read(&rt.broker, company, self.since, progress())
                .await
                .with_context(|| words::tr!("read the account of events"))?,
        };
        let mut traced = traced(company, story);
        let letters = self.letters(rt, company, &traced.standing).await;
        let steps = traced.events.as_ref().map_or(&[][..], |story| &story.steps);
        traced.standing = traced.standing.with_letters(steps, &letters);
        Ok(traced)
    }

    /// The customer's open letters: all of them as the read model knows them; those in the queues only where they could say more,
    /// for looking takes them out for a moment.
    async fn letters(&self, rt: &Runtime, company: &str, standing: &Standing) -> Vec<OpenLetter> {
        let found = match self.letters_of_desk(company).await {
            Ok(None) if standing.is_open() => {
                let workspace = Workspace::new(rt.clone(), Stage::Extract);
                open_letters(&workspace, company).await.map_err(Into::into)
            }
            found => found.map(Option::unwrap_or_default),
        };
        found.unwrap_or_else(|error| {
            pipeline::remark!(
                "the open dead letters could not be looked through: {}",
                chain(&*error)
            );
            Vec::new()
        })
    }

    /// `None`: the queues know more.
    async fn letters_of_desk(&self, company: &str) -> anyhow::Result<Option<Vec<OpenLetter>>> {
        let Some(desk) = Desk::of(&self.desk)? else {
            return Ok(None);
        };
        let (mut letters, query) = (Vec::new(), of_customer(company).source());
        for stage in Stage::ALL {
            let visit = |listed: Value| {
                let record: FailureRecord = serde_json::from_value(listed["record"].clone())?;
                letters.push(OpenLetter {
                    stage,
                    version: (record.company_id == company).then_some(record.version),
                    id: record.id,
                    code: record.code,
                });
                Ok(true)
            };
            if !desk.letters(stage, &query, visit).await? {
                return Ok(None);
            }
        }
        Ok(Some(letters))
    }

    /// What the read model says, where there is one that knows all of it.
    async fn asked(&self, company: &str) -> anyhow::Result<Option<Story>> {
        let Some(desk) = Desk::of(&self.desk)? else {
            return Ok(None);
        };
        let Some(events) = desk.events(company).await? else {
            tell_fallback(&desk);
            return Ok(None);
        };
        pipeline::remark!("answered by the read model at {}", desk.url());
        let since = self.since.unwrap_or(i64::MIN);
        let events = events.into_iter().filter(|events| events.at >= since);
        Ok(Some(Story::of(company, events)))
    }
}

fn traced(company: &str, events: Option<Story>) -> Traced {
    Traced {
        company_id: company.to_owned(),
        standing: standing(events.as_ref().map_or(&[], |story| &story.steps)),
        events,
    }
}

/// Says now and then how far a reading is.
pub(super) fn progress() -> impl FnMut(u64, i64) {
    let mut said = Instant::now();
    move |messages, at| {
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            pipeline::remark!(
                "{messages} messages of the account of events read, up to {}",
                when::time(at)
            );
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
    let Some(company) = args.how.whom(&rt).await? else {
        return Ok(());
    };
    let traced = args.how.look(&rt, &company).await?;
    if args.how.json {
        pipeline::say!("{}", serde_json::to_string_pretty(&traced)?)?;
        return Ok(());
    }
    traced.show()
}
