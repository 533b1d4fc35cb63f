//! The pages: what [`crate::views`] has gathered, as HTML that can be read without any script.

mod audit;
mod cells;
mod chart;
mod chooser;
mod customers;
mod dead;
mod doctors;
mod edit;
pub(crate) mod exchange;
mod health;
pub(crate) mod layout;
mod letter;
mod mapping;
mod overview;
mod parts;
mod plan;
mod plans;
mod repair;
mod rules;
mod runs;
mod setup;
pub(crate) mod sign_in;
mod wishes;

use crate::server::App;
use axum::Router;
use maud::Markup;

/// A page.
pub(crate) struct Page {
    /// What it is about, for the title.
    pub(crate) title: String,
    /// What stands in it.
    pub(crate) body: Markup,
    /// Whether its live parts are kept up to date.
    pub(crate) live: bool,
}

impl Page {
    /// A page that stays as it is.
    pub(crate) fn still(title: impl Into<String>, body: Markup) -> Self {
        Self {
            title: title.into(),
            body,
            live: false,
        }
    }

    /// A page whose parts with `data-live` are kept up to date.
    pub(crate) fn live(title: impl Into<String>, body: Markup) -> Self {
        Self {
            live: true,
            ..Self::still(title, body)
        }
    }
}

/// Where each page is.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(overview::routes())
        .merge(dead::routes())
        .merge(letter::routes())
        .merge(edit::routes())
        .merge(exchange::routes())
        .merge(repair::routes())
        .merge(rules::routes())
        .merge(plan::routes())
        .merge(plans::routes())
        .merge(customers::routes())
        .merge(runs::routes())
        .merge(health::routes())
        .merge(wishes::routes())
        .merge(audit::routes())
        .merge(setup::routes())
        .merge(cells::routes())
        .merge(mapping::routes())
}
