//! `mapping schema`: JSON Schemas of what is written by hand, for editors.

use clap::{Args, ValueEnum};

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Of what
    #[arg(value_enum)]
    of: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Document,
    Extras,
    Tests,
}

pub(super) fn run(args: &SchemaArgs) -> anyhow::Result<()> {
    let text = match args.of {
        Kind::Document => include_str!("../../../schemas/document.schema.json"),
        Kind::Extras => include_str!("../../../schemas/extras.schema.json"),
        Kind::Tests => include_str!("../../../schemas/tests.schema.json"),
    };
    Ok(pipeline::cli::output::write(format_args!("{text}"))?)
}
