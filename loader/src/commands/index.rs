//! `loader index`: rebuild it, show what it knows of a customer, list customers with several rows.

use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use pipeline::service::Runtime;
use pipeline::{config::CommonConfig, http::HttpConfig};

use super::merge::Merge;
use super::table::columns;
use super::usable;
use crate::cli::{IndexCommand, RebuildArgs, RunArgs, ShowDuplicatesArgs};
use crate::failpoint;
use crate::ledger::Duplicate;
use crate::parts;
use crate::settings::LoaderConfig;
use crate::write::Writer;

/// Runs an `index` subcommand.
pub(crate) async fn run(command: IndexCommand) -> anyhow::Result<()> {
    match command {
        IndexCommand::Rebuild(args) => rebuild(*args).await,
        IndexCommand::Show(args) => {
            let (writer, _) = tool(*args.run)?;
            pipeline::say!("{}", super::trace::known(&writer, &args.key).await?)?;
            Ok(())
        }
        IndexCommand::Duplicates(args) => duplicates(args).await,
    }
}

/// The loader's parts for a short command.
pub(super) fn tool(args: RunArgs) -> anyhow::Result<(Writer, LoaderConfig)> {
    pipeline::settings! {
        config = LoaderConfig::new(&args.form, args.write, &args.limits);
        common = CommonConfig::try_from(args.common);
        http = HttpConfig::try_from(args.http);
    }
    let mut config = config;
    if let Some(armed) = config.failpoint.take() {
        failpoint::arm(armed);
    }
    let runtime = Runtime::tool("loader", &common)?;
    let writer = parts::assemble(&runtime, &config, &http)?;
    Ok((writer, config))
}

async fn rebuild(args: RebuildArgs) -> anyhow::Result<()> {
    let merge = Merge::new(args.merge)?;
    let (writer, config) = tool(args.run)?;
    anyhow::ensure!(
        !config.expected.fields.is_empty(),
        pipeline::setting::ConfigError::message(words::tr!(
            "MAPPING is needed to know which widgets count; set it"
        ))
    );
    usable::key_widget(&writer).await?;
    read_form(&writer).await?;
    match merge {
        Some(merge) => merge.run(&writer).await,
        None => Ok(()),
    }
}

async fn read_form(writer: &Writer) -> anyhow::Result<()> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    writer
        .index
        .drop_index()
        .await
        .with_context(|| words::tr!("forget the index"))?;
    let building = writer.index.build();
    tokio::pin!(building);
    loop {
        tokio::select! {
            built = &mut building => {
                bar.finish_and_clear();
                built.with_context(|| words::tr!("rebuild the index"))?;
                pipeline::say!("{}", writer.index.progress())?;
                return Ok(());
            }
            () = tokio::time::sleep(Duration::from_millis(200)) => bar.set_message(writer.index.progress()),
        }
    }
}

/// What a merge would do, without doing it.
async fn duplicates(args: ShowDuplicatesArgs) -> anyhow::Result<()> {
    let (writer, _) = tool(*args.run)?;
    let found = writer
        .ledger
        .duplicates()
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    let found = match found.is_empty() || writer.index.join().await.is_err() {
        // Nothing to forget, or nobody who would: the loaders begin another index.
        true => found,
        false => {
            let left = writer.index.still_there(found).await;
            left.with_context(|| words::tr!("ask Redis"))?
        }
    };
    if args.json {
        pipeline::say!("{}", serde_json::to_string(&found)?)?;
        return Ok(());
    }
    if !found.is_empty() {
        let row = |duplicate: &Duplicate| {
            let Duplicate { company, kept, extra } = duplicate;
            [
                company.clone(),
                words::tr!("keep {kept}"),
                words::tr!("delete {extra}"),
            ]
        };
        pipeline::say!("{}", columns(&found.iter().map(row).collect::<Vec<_>>()))?;
    }
    pipeline::say!(
        "{} extra rows as far as the form was read; `loader index rebuild --merge-duplicates --export FILE` deletes them",
        found.len()
    )?;
    Ok(())
}
