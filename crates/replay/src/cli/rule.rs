//! `dead rule`: rules that put letters back by themselves.

use super::{
    config::OperatorArgs,
    operator::{by, reason},
    print,
    rule_args::AddArgs,
};
use crate::{
    browse::groups::Groups,
    rule::{
        Rules,
        change::{self, Deed},
    },
    workspace::Workspace,
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::{
    io::{self, Write},
    ops::ControlFlow,
};

/// What to do with rules.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum RuleCommand {
    /// Make a rule of this stage; the running services carry it out
    #[command(
        after_help = "Example: dead rule add refused --where 'code=row-refused' --every 1h --rate 200/m \\\n          \
        --at-most-replays 2 --between 02:00-06:00 --at-most 5000 --reason \"the form is mended at night\""
    )]
    Add(AddArgs),
    /// List the rules, with what their last runs came to
    List(ListArgs),
    /// Which letters the next run would put back; moves nothing
    Test(NameArgs),
    /// Switch a rule off; a run that is under way goes on to its end
    Off(ChangeArgs),
    /// Switch a rule on again
    On(ChangeArgs),
    /// Forget a rule; its plans stay
    Remove(ChangeArgs),
}

/// Arguments of `rule list`.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    /// Of every stage
    #[arg(long)]
    all: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Arguments of `rule test`.
#[derive(Debug, Clone, Args)]
pub(super) struct NameArgs {
    /// Name of the rule
    name: String,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Arguments of what changes a rule.
#[derive(Debug, Clone, Args)]
pub(super) struct ChangeArgs {
    /// Name of the rule
    name: String,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) async fn rule(workspace: Workspace, command: RuleCommand) -> anyhow::Result<()> {
    match command {
        RuleCommand::Add(args) => add(workspace, args).await,
        RuleCommand::List(args) => list(&workspace, args).await,
        RuleCommand::Test(args) => test(&workspace, args).await,
        RuleCommand::Off(args) => changed(workspace, args, Deed::Off).await,
        RuleCommand::On(args) => changed(workspace, args, Deed::On).await,
        RuleCommand::Remove(args) => changed(workspace, args, Deed::Remove).await,
    }
}

async fn add(workspace: Workspace, args: AddArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator.clone());
    reason(&args.reason)?;
    let json = args.json;
    let rule = change::add(&workspace, args.rule(&workspace)).await?;
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&rule)?)?;
    } else {
        writeln!(
            out,
            "{}",
            words::tr!("rule {} is on; next: dead rule test {}", rule.name, rule.name)
        )?;
    }
    Ok(())
}

async fn list(workspace: &Workspace, args: ListArgs) -> anyhow::Result<()> {
    let rules = Rules::of(workspace);
    let mut standing = rules.list().await?;
    standing.retain(|one| args.all || one.rule.belongs_to(workspace.stage));
    let now = rules.now().await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&standing)?)?;
    } else {
        print::rules(&mut out, &standing, now)?;
    }
    Ok(())
}

async fn test(workspace: &Workspace, args: NameArgs) -> anyhow::Result<()> {
    let standing = Rules::of(workspace).load(&args.name).await?;
    let filter = change::of_stage(workspace, standing.rule)?.filter()?;
    let (mut groups, mut matched) = (Groups::default(), 0_u64);
    let browser = workspace.browse(words::text!("test a rule")).await?;
    let visit = async |taken: crate::browse::browser::Taken| {
        if filter.matches(&taken.letter) {
            matched += 1;
            groups.add(&taken.letter);
        }
        Ok(ControlFlow::Continue(()))
    };
    browser.walk(visit).await?;
    let next = matched.min(filter.limit.unwrap_or(u64::MAX));
    let groups = groups.into_sorted();
    let mut out = io::stdout().lock();
    if args.json {
        let result = json!({"rule": args.name, "matched": matched, "next_run": next, "groups": groups});
        writeln!(out, "{result}")?;
        return Ok(());
    }
    print::groups(&mut out, workspace.stage, &groups)?;
    writeln!(
        out,
        "{}",
        words::tr!("{matched} letters are meant ({filter}); the next run would put back {next}")
    )?;
    Ok(())
}

async fn changed(workspace: Workspace, args: ChangeArgs, deed: Deed) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let (why, name) = (reason(&args.reason)?, &args.name);
    change::change(&workspace, name, deed, &why).await?;
    let done = deed.done();
    writeln!(io::stdout().lock(), "{}", words::tr!("rule {name} is {done}"))?;
    Ok(())
}
