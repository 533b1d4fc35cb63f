//! `extractor record`: answers of an account as they came, without what is personal, for who looks into a fault.

use super::brief::{self, Place};
use crate::{
    cli::RecordArgs,
    okki::chain,
    record::{
        Plan, Take,
        choose::Wanted,
        disguise::Disguise,
        folder::{Folder, is_told, told_path},
        pseudonym::Pseudonyms,
        take,
    },
    settings::OkkiConfig,
    table::columns,
    typed::past,
};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{http::HttpConfig, setting::ConfigError};
use serde::Serialize;

/// What was recorded.
#[derive(Debug, Serialize)]
struct Summary {
    folder: String,
    customers: usize,
    refused: usize,
    pages: usize,
    settings: usize,
    left_out: Vec<String>,
    replaced: u64,
    /// Names of members that nobody knows, and that were replaced.
    renamed: Vec<String>,
    next: Vec<String>,
}

/// Checks, asks, writes, and says how to go on.
pub(crate) async fn record(args: RecordArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        http = HttpConfig::try_from(args.http.clone());
        okki = OkkiConfig::try_from(args.okki.clone());
    }
    let plan = plan(&args, okki.page_size)?;
    let pseudonyms = match args.salt.as_deref().filter(|salt| !salt.is_empty()) {
        Some(salt) => Pseudonyms::salted(salt),
        None => {
            Pseudonyms::random().with_context(|| words::tr!("make a salt: the system has no randomness"))?
        }
    };
    let mut folder = Folder::open(args.folder.clone(), args.append)?;
    if args.append && args.salt.is_none() && !folder.manifest.customers.is_empty() {
        eprintln!(
            "{}",
            words::tr!("pseudonyms differ from those that the folder holds; --salt gives the same ones")
        );
    }
    let client = brief::client(&okki, &http, Place::named(args.shared.clone())?)
        .await?
        .with_tape();
    let bar = progress();
    let told = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let taken = take(&client, &plan, okki.client.concurrency, told).await;
    bar.finish_and_clear();
    let taken = taken.map_err(|error| words::failure!("list the customers to record: {}", chain(&error)))?;
    describe(&mut folder, &okki, &args);
    let mut disguise = Disguise::new(pseudonyms, args.keep.iter().cloned());
    if taken.details.iter().any(|detail| detail.answer.is_some()) {
        folder
            .write(&taken, &mut disguise)
            .with_context(|| words::tr!("write the recording"))?;
    }
    finish(&folder, &taken, &disguise, args.json)
}

fn plan(args: &RecordArgs, count: u32) -> anyhow::Result<Plan> {
    let ids: Vec<String> = args
        .id
        .iter()
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect();
    if let Some(odd) = ids
        .iter()
        .find(|id| !id.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let remedy =
            words::text!("give the company_id, digits only, as `extractor check` and the listing show it");
        return Err(ConfigError::new("--id", words::tr!("`{odd}` is not a company id"), remedy).into());
    }
    if !ids.is_empty() {
        return Ok(Plan::Ids(ids));
    }
    let since = args
        .since
        .as_deref()
        .map(|since| past("--since", since))
        .transpose()?;
    Ok(Plan::Last(Wanted {
        last: args.last.into(),
        since,
        count,
    }))
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template(words::text!(
        "{spinner} {msg} {wide_bar} {pos}/{len} customers, {eta} left"
    )) {
        bar.set_style(style);
    }
    bar.set_message(words::text!("recording"));
    bar.enable_steady_tick(std::time::Duration::from_millis(250));
    bar
}

/// What the manifest says about where the answers are from.
fn describe(folder: &mut Folder, okki: &OkkiConfig, args: &RecordArgs) {
    let endpoints = &okki.client.endpoints;
    let manifest = &mut folder.manifest;
    manifest.program = concat!("extractor ", env!("CARGO_PKG_VERSION")).to_owned();
    manifest.host = endpoints.base.host_str().unwrap_or_default().to_owned();
    manifest.list = told_path(&endpoints.source.list);
    manifest.info = told_path(&endpoints.source.info);
    let told = endpoints
        .source
        .parameters
        .iter()
        .filter(|(name, _)| is_told(name));
    manifest.parameters = told.cloned().collect();
    manifest.kept.extend(args.keep.iter().cloned());
    let asked = match (args.id.as_slice(), &args.since) {
        ([], None) => words::tr!("--last {}", args.last),
        ([], Some(since)) => words::tr!("--since {since} --last {}", args.last),
        (ids, _) => words::tr!("--id {}", ids.join(",")),
    };
    manifest.asked.push(asked);
}

fn finish(folder: &Folder, taken: &Take, disguise: &Disguise, json: bool) -> anyhow::Result<()> {
    let manifest = &folder.manifest;
    let name = folder.path().display().to_string();
    let left_out = manifest
        .left_out
        .iter()
        .map(|left| format!("{}: {} ({})", left.what, left.code, left.why));
    let summary = Summary {
        customers: manifest.customers.len(),
        refused: manifest
            .customers
            .iter()
            .filter(|customer| customer.refused.is_some())
            .count(),
        pages: manifest.pages.len(),
        settings: manifest.settings.len(),
        left_out: left_out.collect(),
        replaced: disguise.replaced(),
        renamed: disguise.renamed().iter().cloned().collect(),
        next: vec![
            words::tr!("transformer mapping try FILE --records {name}"),
            words::tr!("simulator --replay {name}"),
        ],
        folder: name,
    };
    if taken.details.is_empty() && taken.stopped.is_none() {
        words::bail!("no customer to record; okki lists none in this span");
    }
    if let Some(why) = taken.stopped.as_deref().filter(|_| summary.customers == 0) {
        words::bail!("nothing was recorded: {why}");
    }
    words::ensure!(
        summary.customers > 0,
        "no customer was recorded: {}",
        codes(taken)
    );
    if json {
        pipeline::say!("{}", serde_json::to_string(&summary)?)?;
    } else {
        print(&summary, taken)?;
    }
    if let Some(why) = &taken.stopped {
        words::bail!(
            "the recording is not complete: {why}; `extractor record {} --append` goes on",
            summary.folder
        );
    }
    Ok(())
}

/// Why customers could not be recorded, each reason once.
fn codes(taken: &Take) -> String {
    let mut codes: Vec<_> = taken.details.iter().filter_map(|detail| detail.code).collect();
    codes.sort_unstable();
    codes.dedup();
    words::list(&codes)
}

fn print(summary: &Summary, taken: &Take) -> anyhow::Result<()> {
    let refused = match summary.refused {
        0 => String::new(),
        refused => words::tr!(", {refused} of them refusals"),
    };
    let hidden = match taken.hidden.as_slice() {
        [] => String::new(),
        hidden => words::tr!(" (the account does not show {})", words::list(hidden)),
    };
    let rows = [
        ("folder", summary.folder.clone()),
        ("customers", format!("{}{refused}", summary.customers)),
        ("pages", summary.pages.to_string()),
        ("settings", format!("{}{hidden}", summary.settings)),
        (
            "replaced",
            words::tr!("{} texts and numbers by pseudonyms", summary.replaced),
        ),
    ];
    pipeline::say!("{}", columns(&rows.map(|(name, value)| [name.to_owned(), value])))?;
    for left in &summary.left_out {
        pipeline::say!("left out: {left}")?;
    }
    if !summary.renamed.is_empty() {
        let names = summary.renamed.join(", ");
        pipeline::say!("unknown names were replaced, too; if they are fields, keep them: --keep {names}")?;
    }
    for next in &summary.next {
        pipeline::say!("next: {next}")?;
    }
    Ok(())
}
