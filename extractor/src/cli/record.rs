//! What may be typed about recordings.

use crate::config::OkkiArgs;
use clap::Args;
use pipeline::{config::SharedArgs, http::HttpArgs};
use std::path::PathBuf;

/// Arguments of `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// New folder, or with --append one that was recorded before
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// These customers instead of those that changed last
    #[arg(long, value_name = "ID,…", value_delimiter = ',', conflicts_with_all = ["since", "last"])]
    pub(crate) id: Vec<String>,
    /// Only customers that changed since: 2026-01-31, "2026-01-31 08:00:00" (Beijing), or an instant with a zone
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// So many customers at most, those that changed last
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) last: u16,
    /// Leave this field as it is: its key, its id or its name, as often as needed
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub(crate) keep: Vec<String>,
    /// Make the pseudonyms with this salt, for the same ones another time [default: a random one that nobody learns]
    #[arg(long, value_name = "TEXT")]
    pub(crate) salt: Option<String>,
    /// Add to the recording in the folder
    #[arg(long)]
    pub(crate) append: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}
