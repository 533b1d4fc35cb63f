//! Rules: all of them, one of them, and what the next run of one would put back.

use super::{dead, hidden, stage};
use crate::server::{App, Ask, Failure};
use pipeline::stage::Stage;
use replay::rule::{Rule, Rules, Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// A rule and what its next run would put back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub(crate) struct One {
    /// The rule and where it stands.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) standing: Standing,
    /// What the next run would do.
    pub(crate) test: Test,
}

/// What the next run of a rule would do; nothing is moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleTest)]
pub(crate) struct Test {
    /// The letters that are meant, by cause.
    pub(crate) groups: dead::Groups,
    /// How many of them one run puts back.
    pub(crate) next_run: u64,
}

/// All rules.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn all(app: &App, ask: &Ask) -> Result<Vec<Standing>, Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let mut rules = Rules::of(&workspace).list().await?;
    rules.iter_mut().for_each(|standing| hide(ask, standing));
    Ok(rules)
}

/// One rule.
///
/// # Errors
/// When there is none of this name, or Redis or the read model does not answer.
pub(crate) async fn one(app: &App, ask: &Ask, name: &str) -> Result<One, Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let mut standing = Rules::of(&workspace).load(name).await?;
    let test = test(app, ask, &standing.rule).await?;
    hide(ask, &mut standing);
    Ok(One { standing, test })
}

/// What a rule's next run would put back, as the read model knows the letters.
///
/// # Errors
/// When the rule makes no sense, or the read model does not answer.
pub(crate) async fn test(app: &App, ask: &Ask, rule: &Rule) -> Result<Test, Failure> {
    let stage = stage(&rule.stage)?;
    let filter = words::scoped(ask.language, || {
        rule.check()?;
        rule.filter()
    })?;
    let groups = dead::groups(app, ask, stage, filter.query).await?;
    Ok(Test {
        next_run: groups.letters.min(filter.limit.unwrap_or(u64::MAX)),
        groups,
    })
}

fn hide(ask: &Ask, standing: &mut Standing) {
    let principal = &ask.principal;
    standing.rule.query = hidden::filter(principal, &standing.rule.query);
    if let Some(last) = &mut standing.last {
        last.note = hidden::sentence(principal, &last.note);
    }
    if let Some(off) = &mut standing.off {
        off.why = hidden::sentence(principal, &off.why);
    }
}
