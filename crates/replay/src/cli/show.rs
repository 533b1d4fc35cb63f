//! `dead show`: everything about one letter.

use super::{asked, config::LookArgs, operator::by, print};
use crate::{
    audit,
    browse::{find, source::source_of},
    letter::{
        Letter, body,
        fingerprint::fingerprint,
        reveal::{mask_json, masked_record},
    },
    workspace::Workspace,
};
use clap::Args;
use pipeline::{setting::ConfigError, stage::Stage};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
pub(super) struct ShowArgs {
    /// Id as `list` prints it, or the digits behind its `~`
    id: String,
    /// Search the archive instead
    #[arg(long)]
    archived: bool,
    /// Show the record that a row was mapped from, too, where it is kept (letters of the loader)
    #[arg(long, conflicts_with = "archived")]
    source: bool,
    #[command(flatten)]
    look: LookArgs,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn show(workspace: &Workspace, args: ShowArgs) -> anyhow::Result<()> {
    let workspace = &by(workspace.clone(), args.look.operator);
    if args.source && workspace.stage != Stage::Load {
        let problem = words::tr!(
            "--source: a letter of the {} stage was mapped from nothing; its body is what came",
            workspace.stage
        );
        return Err(ConfigError::message(problem).into());
    }
    if args.look.reveal {
        audit::revealed(workspace, "show", &words::tr!("--id {}", args.id)).await?;
    }
    let queue_only = args.archived || args.look.reveal || args.source;
    if !queue_only && asked::show(workspace.stage, &args.look.desk, &args.id, args.json).await? {
        return Ok(());
    }
    let mut letter = find(workspace, args.archived, &args.id).await?;
    let source = match args.source {
        true => Some(source_of(workspace, &letter).await?),
        false => None,
    };
    let group = fingerprint(&letter.record);
    let shown = readable(&letter, args.look.reveal);
    if !args.look.reveal {
        letter.record = masked_record(&letter);
    }
    let mut out = io::stdout().lock();
    if args.json {
        let mut all = serde_json::to_value(&letter.record)?;
        all["group"] = group.into();
        all["type"] = letter.kind().into();
        all["archived"] = json!(letter.archived());
        all["restored_by"] = json!(letter.life());
        all["body"] = shown.unwrap_or_else(|problem| problem);
        if let Some(source) = &source {
            all["source"] = source
                .as_ref()
                .map_or(Value::Null, |source| told(source, args.look.reveal));
        }
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    print::letter(&mut out, &letter, &group)?;
    match shown {
        Ok(shown) => print::body(&mut out, &shown)?,
        Err(problem) => writeln!(
            out,
            "{}",
            words::tr!(
                "body      {} bytes: {error}",
                letter.body.len(),
                error = problem["problem"].as_str().unwrap_or_default()
            )
        )?,
    }
    if let Some(source) = &source {
        print_source(&mut out, source.as_ref(), args.look.reveal)?;
    }
    Ok(print::next_of_letter(&mut out, &letter, &group)?)
}

/// The body as JSON, or what is wrong with it.
fn readable(letter: &Letter, reveal: bool) -> Result<Value, Value> {
    match body::to_json(letter.kind(), &letter.body) {
        Ok(mut shown) => {
            if !reveal {
                mask_json(&mut shown);
            }
            Ok(shown)
        }
        Err(error) => Err(json!({"bytes": letter.body.len(), "problem": error.to_string()})),
    }
}

/// A source for other programs.
fn told(source: &Letter, reveal: bool) -> Value {
    json!({
        "letter": source.record.id,
        "archived": source.archived(),
        "body": readable(source, reveal).unwrap_or_else(|problem| problem),
    })
}

fn print_source(out: &mut impl Write, source: Option<&Letter>, reveal: bool) -> io::Result<()> {
    let Some(source) = source else {
        let why = words::text!(
            "not kept: a snapshot is kept until it is mapped, and longer only when it died or was repaired in the transform stage; a plan with --from fetch fetches and maps the customer anew; where transformers keep snapshots (KEEP_SNAPSHOTS), one with --from mapping maps the last one"
        );
        return print::fact(out, "origin", why);
    };
    let id = &source.record.id;
    let place = match source.archived() {
        Some(archived) => words::tr!("{id}, as it was before {}", archived.operation),
        None => words::tr!("{id}, a dead letter of the transform stage"),
    };
    print::fact(out, "origin", &place)?;
    print::body(out, &readable(source, reveal).unwrap_or_else(|problem| problem))
}
