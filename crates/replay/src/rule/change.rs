//! What people do with rules: make one, switch it off and on, remove it; each is in the audit log.

use super::{Off, Rule, Rules};
use crate::{
    audit::{self, Note},
    error::{Error, Result},
    workspace::Workspace,
};
use pipeline::mask::mask_text;
use serde_json::json;

/// What is done with a rule that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It does nothing from now on; a run that is under way goes on to its end.
    Off,
    /// It comes again.
    On,
    /// It is forgotten; its plans stay.
    Remove,
}

impl Deed {
    /// The deed of this word: off, on, remove.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "off" => Some(Self::Off),
            "on" => Some(Self::On),
            "remove" => Some(Self::Remove),
            _ => None,
        }
    }

    /// Its name in the audit log.
    const fn action(self) -> &'static str {
        match self {
            Self::Off => "rule off",
            Self::On => "rule on",
            Self::Remove => "rule remove",
        }
    }

    /// What the rule is afterwards.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Remove => "removed",
        }
    }
}

/// Makes a rule of the workspace's stage, by its operator and at this moment.
///
/// # Errors
/// When it makes no sense, its name is taken, or Redis is away.
pub async fn add(workspace: &Workspace, rule: Rule) -> Result<Rule> {
    let rules = Rules::of(workspace);
    let rule = Rule {
        stage: workspace.stage.name().to_owned(),
        operator: workspace.operator.clone(),
        made_at: rules.now().await?,
        reason: mask_text(&rule.reason),
        ..rule
    };
    rules.add(&rule).await?;
    note(workspace, "rule add", &rule.reason, &rule).await?;
    Ok(rule)
}

/// Does something with a rule of the workspace's stage.
///
/// # Errors
/// When there is no such rule, it is one of another stage, or Redis is away.
pub async fn change(workspace: &Workspace, name: &str, deed: Deed, why: &str) -> Result<Rule> {
    let rules = Rules::of(workspace);
    let rule = of_stage(workspace, rules.load(name).await?.rule)?;
    match deed {
        Deed::On => rules.switch_on(name).await?,
        Deed::Off => {
            let off = Off {
                by: workspace.operator.clone(),
                why: why.to_owned(),
                at: rules.now().await?,
            };
            rules.switch_off(name, &off).await?;
        }
        Deed::Remove => rules.remove(name).await?,
    }
    note(workspace, deed.action(), why, &rule).await?;
    Ok(rule)
}

/// The rule, unless it is one of another stage.
pub(crate) fn of_stage(workspace: &Workspace, rule: Rule) -> Result<Rule> {
    match rule.belongs_to(workspace.stage) {
        true => Ok(rule),
        false => Err(Error::WrongStage {
            what: "rule",
            id: rule.name,
            of: rule.stage,
            here: workspace.stage,
        }),
    }
}

async fn note(workspace: &Workspace, action: &str, reason: &str, rule: &Rule) -> Result<()> {
    let note = Note {
        action,
        reason,
        filter: rule.meant(),
        subject: &rule.name,
        result: json!({"every_ms": rule.every_ms, "rate": rule.rate, "between": rule.hours, "zone": rule.zone}),
    };
    Ok(audit::append(workspace, note).await?)
}
