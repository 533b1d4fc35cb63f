//! The flags that choose dead letters, the same for every command.

use crate::{
    browse::filter::Filter,
    when::{Range, parse_time},
};
use clap::Args;

/// Which dead letters; several conditions must all hold, none means all letters.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which dead letters (all conditions must hold)")]
pub struct FilterArgs {
    /// Only letters with this reason code, for instance row-refused
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only letters of this group, as `groups` prints it
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only letters of this customer
    #[arg(long, value_name = "COMPANY_ID")]
    key: Option<String>,
    /// Only the letter with this id, or with these digits behind the `~` of its id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only letters that died at or after this time: 2h (ago), 2026-01-02, 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<i64>,
    /// Only letters that died before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<i64>,
    /// Only letters with this many attempts behind them: 3, 3.., ..5 or 3..5
    #[arg(long, value_name = "RANGE")]
    attempts: Option<Range>,
    /// Only letters of this program version (0.1.0), or with this record version (1762358927:1763900000000001)
    #[arg(long = "version", value_name = "VERSION")]
    version: Option<String>,
    /// Only letters whose decoded body or failure message holds this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only letters that this undo or import brought back
    #[arg(long, value_name = "OPERATION")]
    restored_by: Option<String>,
    /// At most this many, oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        Self {
            code: args.code,
            group: args.group,
            key: args.key,
            id: args.id,
            since: args.since,
            until: args.until,
            attempts: args.attempts,
            version: args.version,
            text: args.text,
            restored_by: args.restored_by,
            limit: args.limit,
        }
    }
}
