//! Rules, as admins make and change them.

use super::begin::decided;
use crate::{
    auth::Role,
    server::{App, Ask, Failure},
    views::stage,
};
use pipeline::stage::Stage;
use replay::rule::{
    Rule, Rules,
    change::{self, Deed},
};

/// Makes a rule, which the services of its stage carry out from now on.
///
/// # Errors
/// When the person may not, or the rule makes no sense.
pub(crate) async fn add_rule(app: &App, ask: &Ask, rule: Rule) -> Result<Rule, Failure> {
    ask.allow(Role::Admin)?;
    decided(ask, &rule.reason)?;
    let workspace = app.workspace(stage(&rule.stage)?, &ask.principal.name);
    Ok(change::add(&workspace, rule).await?)
}

/// Switches a rule off or on, or removes it.
///
/// # Errors
/// When the person may not, or there is no such rule.
pub(crate) async fn change_rule(
    app: &App,
    ask: &Ask,
    name: &str,
    deed: Deed,
    reason: &str,
) -> Result<Rule, Failure> {
    ask.allow(Role::Admin)?;
    let why = decided(ask, reason)?;
    let anywhere = app.workspace(Stage::Extract, &ask.principal.name);
    let of = Rules::of(&anywhere).load(name).await?.rule.stage;
    let workspace = app.workspace(stage(&of)?, &ask.principal.name);
    Ok(change::change(&workspace, name, deed, &why).await?)
}
