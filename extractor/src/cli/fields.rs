//! What may be typed behind `extractor fields`.

use crate::config::OkkiArgs;
use clap::Args;
use pipeline::{config::SharedArgs, http::HttpArgs};

/// Arguments of `fields`.
#[derive(Debug, Args)]
pub(crate) struct FieldsArgs {
    /// Customers to fetch, the ones that changed last: they show the groups of the fields, and with --json they are printed as
    /// they are, names, addresses and telephone numbers included
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 5,
        value_parser = clap::value_parser!(u8).range(0..=20)
    )]
    pub(crate) customers: u8,
    /// Print JSON: the fields and the customers
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}
