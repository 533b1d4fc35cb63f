//! One grammar for choosing dead letters, the same for every command.

use super::letter::Letter;
use clap::Args;

/// Which dead letters; several conditions must all hold, none means all letters.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Only letters with this reason code, for instance row-refused
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Only letters of this customer
    #[arg(long, value_name = "COMPANY_ID")]
    pub key: Option<String>,
    /// Only the letter with this id
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// At most this many, oldest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

impl Filter {
    /// Whether the letter is meant.
    #[must_use]
    pub fn matches(&self, letter: &Letter) -> bool {
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let record = &letter.record;
        same(&self.code, &record.code) && same(&self.key, &record.company_id) && same(&self.id, &record.id)
    }

    /// Whether enough letters have been chosen.
    #[must_use]
    pub fn is_full(&self, chosen: u64) -> bool {
        self.limit.is_some_and(|limit| chosen >= limit)
    }
}
