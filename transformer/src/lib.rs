//! The transformer: cleans customers, drops repeats, and maps them to form records by a 轻易云 metadata document.

pub mod cli;
pub mod commands;
pub mod config;
mod dedupe;
mod handler;
pub mod map;

pub use handler::Transform;

use anyhow::Context;
use cli::{Cli, Command, RunArgs};
use config::TransformConfig;
use map::Mapping;
use pipeline::{
    config::CommonConfig,
    consumer::{self, ConsumerOptions},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
    tls::TlsFiles,
};
use std::{path::Path, sync::Arc};

/// Runs what was asked for on the command line.
///
/// # Errors
/// When a setting is wrong, or the command fails.
pub async fn execute(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(args) => run(args).await,
        Command::Doctor(args) => commands::doctor::doctor(args).await,
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
        Command::Mapping(args) => commands::run(args).await,
        Command::Dead(args) => replay::cli::run_for("transformer", Stage::Transform, args).await,
    }
}

/// Consumes snapshots until shutdown.
async fn run(args: RunArgs) -> anyhow::Result<()> {
    let common = CommonConfig::try_from(args.common)?;
    let tls = TlsFiles::try_from(args.tls)?;
    let config = TransformConfig::try_from(args.transform)?;
    let mapping = load(&config)?;
    let rt = Runtime::start("transformer", &common, &tls).await?;
    for warning in mapping.warnings() {
        tracing::warn!(%warning, "mapping");
    }
    rt.status.set(
        "mapping",
        serde_json::json!({"fingerprint": mapping.fingerprint(), "fields": mapping.fields().len()}),
    );
    let options = ConsumerOptions {
        stage: Stage::Transform,
        batch_max: config.batch_size,
        linger: config.linger,
        concurrency: config.concurrency,
    };
    let handler = Arc::new(Transform::new(rt.clone(), mapping));
    consumer::run(&rt, options, handler)
        .await
        .context("consume snapshots")
}

/// Reads and compiles the mapping; all of its problems are reported at once.
fn load(config: &TransformConfig) -> anyhow::Result<Mapping> {
    let document = read("MAPPING", &config.mapping)?;
    let extras = config
        .extras
        .as_deref()
        .map(|path| read("MAPPING_EXTRAS", path))
        .transpose()?;
    let extras_name = config
        .extras
        .as_deref()
        .unwrap_or(Path::new("extras"))
        .display()
        .to_string();
    let name = config.mapping.display().to_string();
    Mapping::load_named(&document, &name, extras.as_deref(), &extras_name).map_err(|problems| {
        let list = problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n  ");
        ConfigError::message(format!("MAPPING: the document cannot be used\n  {list}")).into()
    })
}

fn read(name: &str, path: &Path) -> anyhow::Result<String> {
    let refused = |error| {
        ConfigError::new(
            name,
            format!("cannot read `{}`: {error}", path.display()),
            "name a readable JSON file",
        )
    };
    Ok(std::fs::read_to_string(path).map_err(refused)?)
}
