//! The flags that choose dead letters, the same for every command; they are another way of writing a [`Query`].

use crate::{
    browse::filter::Filter,
    query::{Condition, Number, Query, Relation, Word},
    when::{Range, parse_past, parse_time},
};
use clap::Args;
use pipeline::setting::ConfigError;

/// Which dead letters; several conditions must all hold, none means all letters.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which dead letters (all conditions must hold)")]
pub struct FilterArgs {
    /// Conditions with and, or, not and brackets: 'code=row-refused and not (age>2h or field="客户名称")'. Names: id, code,
    /// vendor-code, field, group, stage, key, plan, outcome (new, failed-again, restored), version, restored-by, text,
    /// attempts, replays, time, age
    #[arg(long = "where", value_name = "QUERY")]
    query: Option<Query>,
    /// Only letters with this reason code, or with any of these: row-refused,invalid-value
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    code: Vec<String>,
    /// Only letters of this group, as `groups` prints it, or of any of these
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    group: Vec<String>,
    /// Only letters of this customer, or of any of these
    #[arg(long, value_name = "COMPANY_ID", value_delimiter = ',')]
    key: Vec<String>,
    /// Only the letter with this id, or with these digits behind the `~` of its id, or any of these
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    id: Vec<String>,
    /// Only letters that died at or after this time: 2h (ago), 2026-01-02, 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = parse_past)]
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

impl TryFrom<FilterArgs> for Filter {
    type Error = ConfigError;

    fn try_from(args: FilterArgs) -> Result<Self, ConfigError> {
        if args
            .since
            .zip(args.until)
            .is_some_and(|(since, until)| since >= until)
        {
            let remedy = words::tr!("exchange them, or leave one away");
            return Err(ConfigError::new(
                "--since",
                words::tr!("is not before --until"),
                remedy,
            ));
        }
        let any = |word, values: Vec<String>| {
            let condition = Condition::Word(word, Relation::Equals, values.clone());
            (!values.is_empty()).then_some(Query::Is(condition))
        };
        let one = |word, value: Option<String>| value.map(|value| Query::of(word, value));
        let attempts = |range| Query::Is(Condition::Number(Number::Attempts, vec![range]));
        let flags = [
            any(Word::Code, args.code),
            any(Word::Group, args.group),
            any(Word::Key, args.key),
            any(Word::Id, args.id),
            args.since.map(|time| Query::Is(Condition::Since(time))),
            args.until.map(|time| Query::Is(Condition::Until(time))),
            args.attempts.map(attempts),
            one(Word::Version, args.version),
            one(Word::RestoredBy, args.restored_by),
            // Last of the flags, for it reads the body.
            one(Word::Text, args.text),
            args.query,
        ];
        Ok(Self {
            query: flags.into_iter().flatten().fold(Query::Everything, Query::and),
            limit: args.limit,
        })
    }
}
