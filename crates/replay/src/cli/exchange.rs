//! `dead export`, `dead import`.

use super::{
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, reason},
    spool::Spool,
};

use crate::{browse::filter::Filter, exchange, workspace::Workspace};
use anyhow::Context;
use clap::Args;
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::PathBuf,
};

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// File to write; it must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// With customer data and bodies, so that it can be imported again
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Arguments of `import`.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportArgs {
    /// File that `export --reveal` wrote, `-` for standard input
    file: PathBuf,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Take over letters of another namespace
    #[arg(long)]
    adopt: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn export(workspace: Workspace, args: ExportArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let filter = Filter::try_from(args.filter)?;
    let mut spool = None;
    let written = match &args.file {
        Some(path) => {
            let file = File::create_new(path).with_context(|| path.display().to_string())?;
            exchange::export(&workspace, &filter, args.reveal, &mut BufWriter::new(file)).await?
        }
        None => {
            let out = spool.insert(Spool::new());
            exchange::export(&workspace, &filter, args.reveal, out).await?
        }
    };
    pipeline::remark!(
        "{written} letters exported{}",
        if args.reveal { "" } else { words::text!(", masked") }
    );
    spool.map_or(Ok(()), |spool| Ok(spool.show()?))
}

pub(super) async fn import(workspace: Workspace, args: ImportArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let path = &args.file;
    // It is read twice, so what can be read once only is kept meanwhile.
    let place = || path.display().to_string();
    let piped = match path.as_os_str() == "-" {
        true => Some(kept(io::stdin().lock())?),
        false if std::fs::metadata(path).with_context(place)?.is_file() => None,
        false => Some(kept(File::open(path).with_context(place)?).with_context(place)?),
    };
    let open = || match &piped {
        Some(file) => File::open(file.path()).map(BufReader::new),
        None => File::open(path).map(BufReader::new),
    };
    let report = exchange::import(&workspace, &why, args.adopt, open)
        .await
        .with_context(place)?;
    if let Some(who) = &report.withheld {
        pipeline::remark!("{who}; what is there twice then is there once after the next look");
    }
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(
            out,
            "{}",
            words::tr!(
                "{} imported, {} were there already; `dead undo {}` takes it back",
                report.imported,
                report.present,
                report.operation
            )
        )?;
    }
    Ok(())
}

fn kept(mut input: impl Read) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    io::copy(&mut input, &mut file)?;
    Ok(file)
}
