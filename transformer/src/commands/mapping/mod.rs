//! `transformer mapping …`: everything about a mapping document. Most of it needs no broker and no Redis; `check --live`,
//! `fields` and `plan` ask Redis, `again` needs both.

mod again;
mod check;
mod company;
mod compare;
mod coverage;
mod diff;
mod draft;
mod explain;
mod fields;
mod fmt;
mod judged;
mod kept;
mod plan;
mod schema;
mod seen;
mod table;
mod test;
pub(crate) mod trial;
mod try_record;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use pipeline::setting::ConfigError;

use crate::map::Mapping;

/// Arguments of `mapping`.
#[derive(Debug, Args)]
pub(crate) struct MappingArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every problem of a document with line and column
    ///
    /// Exits 78 when there is a problem. `--live` compares with the form as the loader read it last (at its start, every
    /// ten minutes, and with each `loader check`); `--form` with a widget list that was saved to a file.
    Check(Box<check::CheckArgs>),
    /// List which keys customers have had lately, how many of them, and the form of a value; needs Redis
    Fields(Box<fields::FieldsArgs>),
    /// Make a first document from the captions of a form and of OKKI's fields, and say why each widget got its field or none
    ///
    /// It is a beginning for a person to go on from: whatever is not clear is left out and said.
    Draft(draft::DraftArgs),
    /// Map one customer and print what would be sent, with warnings about what would be lost
    Try(Box<try_record::TryArgs>),
    /// Tell which cells of which customers change when another document or other additions take over
    ///
    /// Exits 0 when nothing would change, 1 when something would, and 64 or 78 when that cannot be said. Cells that hold
    /// e-mail addresses and phone numbers are masked.
    Diff(Box<diff::DiffArgs>),
    /// Tell what a document would do to the form before it is deployed: rows, calls and hours; changes nothing
    ///
    /// Maps the snapshots that transformers keep (KEEP_SNAPSHOTS) and compares with what went to the form last; needs Redis.
    Plan(Box<plan::PlanArgs>),
    /// Map everything again by the mapping of the running transformers, without fetching
    ///
    /// Puts the snapshots that transformers keep (KEEP_SNAPSHOTS) into their queue once more, never many ahead. Interrupted or
    /// killed, the same command goes on. Needs RabbitMQ and Redis.
    Again(Box<again::AgainArgs>),
    /// Lay documents, additions or tests out in one way, which changes nothing that they say
    ///
    /// Order, keys, numbers and texts stay; so does the mapping's fingerprint.
    Fmt(fmt::FmtArgs),
    /// Say in words what each field does
    Explain(explain::ExplainArgs),
    /// Print the JSON Schema of documents, additions or tests, by which editors complete and check them
    Schema(schema::SchemaArgs),
    /// Run a file of examples: customers and the cells that they must give
    ///
    /// Exits 1 when one does not hold, or when fewer arms of CASE and IF are gone through than --min-coverage asks for.
    Test(Box<test::TestArgs>),
}

/// The document and what belongs to it.
#[derive(Debug, Args)]
struct DocumentArgs {
    /// 轻易云 target document (JSON)
    #[arg(value_name = "FILE")]
    document: PathBuf,
    /// Our additions (JSON): key_widget, widgets, zone, condition, lookup
    #[arg(long, value_name = "FILE")]
    extras: Option<PathBuf>,
}

/// Runs a subcommand; results go to standard output.
///
/// # Errors
/// When the document, its company or its tests are not as they should be.
pub(crate) async fn run(args: MappingArgs) -> anyhow::Result<()> {
    match args.command {
        Command::Check(args) => check::run(*args).await,
        Command::Draft(args) => draft::run(&args),
        Command::Try(args) => try_record::run(&args).await,
        Command::Diff(args) => diff::run(&args).await,
        Command::Plan(args) => plan::run(*args).await,
        Command::Again(args) => again::run(*args).await,
        Command::Fmt(args) => fmt::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Fields(args) => fields::run(*args).await,
        Command::Explain(args) => explain::run(&args),
        Command::Test(args) => test::run(&args).await,
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        ConfigError::message(match error.kind() {
            std::io::ErrorKind::InvalidData => {
                ::words::tr!("{shown} is no UTF-8 text; save it with the encoding UTF-8")
            }
            _ => {
                let error = ::words::retold(&error.to_string());
                ::words::tr!("{shown}: {error}; name a readable file")
            }
        })
        .into()
    })
}

impl DocumentArgs {
    /// What problems call the document.
    fn name(&self) -> String {
        self.document.display().to_string()
    }

    /// The compiled mapping, or one error that lists every problem.
    fn load(&self) -> anyhow::Result<Mapping> {
        let document = read(&self.document)?;
        let extras = self.extras.as_deref().map(read).transpose()?;
        let names = (
            self.document.display().to_string(),
            self.extras.as_deref().map(|p| p.display().to_string()),
        );
        let loaded = Mapping::load_named(
            &document,
            &names.0,
            extras.as_deref(),
            names.1.as_deref().unwrap_or("extras"),
        );
        loaded.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            ConfigError::message(lines.join("\n")).into()
        })
    }
}

/// A point of time of the command line.
fn point_of_time(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse()
        .map_err(|_| ::words::text!("write a point of time such as 2026-03-15T00:00:00Z").to_owned())
}
