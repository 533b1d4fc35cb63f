//! What there is to see, gathered once for the pages and for the API, and hidden from those who may not see it.

pub(crate) mod cache;
pub(crate) mod cells;
pub(crate) mod customers;
pub(crate) mod dead;
pub(crate) mod doctors;
pub(crate) mod health;
pub(crate) mod hidden;
pub(crate) mod overview;
pub(crate) mod plans;
pub(crate) mod record;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod setup;
pub(crate) mod wishes;

pub(crate) use cache::Cache;

use crate::server::Failure;
use pipeline::stage::Stage;

/// The stage of an address.
pub(crate) fn stage(word: &str) -> Result<Stage, Failure> {
    Stage::named(word).ok_or_else(|| {
        Failure::nothing(words::tr!(
            "there is no stage `{word}`; there are extract, transform and load"
        ))
    })
}
