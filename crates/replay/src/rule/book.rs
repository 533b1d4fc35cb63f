//! Rules in Redis: a hash for each with what it is, whether it is off and what its last run came to.
//!
//! Each of the three is written by itself, so that a rule that an operator switches off during a run stays off.

use super::Rule;
use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// Rules of a namespace at most: each of them reads the letters of its stage.
const MOST: usize = 100;
const RULE: &str = "rule";
const OFF: &str = "off";
const LAST: &str = "last";

/// Why a rule does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Off {
    /// Who has switched it off: an operator, or the rule itself.
    pub by: String,
    /// Why.
    pub why: String,
    /// Unix milliseconds.
    pub at: i64,
}

/// The last run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Last {
    /// Unix milliseconds.
    pub begun_at: i64,
    /// Unix milliseconds; `None` while it runs, or when it was killed.
    pub ended_at: Option<i64>,
    /// Its plan; `None` when no letter was meant.
    pub plan: Option<String>,
    /// What it came to, in words.
    pub note: String,
    /// Runs so far.
    pub runs: u64,
    /// Runs in a row that did not bring the plan to its end.
    pub broken_off: u32,
}

/// A rule and where it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// `None`: it is on.
    pub off: Option<Off>,
    /// `None`: it has not come yet.
    pub last: Option<Last>,
}

/// The rules of a namespace.
pub struct Rules<'a>(&'a Workspace);

impl<'a> Rules<'a> {
    /// Those of the workspace's namespace.
    #[must_use]
    pub const fn of(workspace: &'a Workspace) -> Self {
        Self(workspace)
    }

    /// All of them by name, those of other stages as well.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn list(&self) -> Result<Vec<Standing>> {
        let mut connection = self.0.rt.store.connection().await?;
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.0.rt.namespace.rules_key());
        let mut names: Vec<String> = command.query_async(&mut *connection).await?;
        drop(connection);
        names.sort();
        let mut rules = Vec::with_capacity(names.len());
        for name in names {
            rules.extend(self.find(&name).await?);
        }
        Ok(rules)
    }

    /// The rule of this name.
    ///
    /// # Errors
    /// When Redis is away, or there is no such rule.
    pub async fn load(&self, name: &str) -> Result<Standing> {
        self.find(name).await?.ok_or_else(|| Error::NotFound {
            what: "rule",
            id: name.to_owned(),
            hint: words::text!("; `dead rule list` shows those that there are").to_owned(),
        })
    }

    pub(crate) async fn find(&self, name: &str) -> Result<Option<Standing>> {
        let mut connection = self.0.rt.store.connection().await?;
        let mut command = redis::cmd("HGETALL");
        command.arg(self.0.rt.namespace.rule_key(name));
        let fields: BTreeMap<String, String> = command.query_async(&mut *connection).await?;
        Ok(read(&fields, RULE).map(|rule| Standing {
            rule,
            off: read(&fields, OFF),
            last: read(&fields, LAST),
        }))
    }

    /// Writes down a new rule.
    ///
    /// # Errors
    /// When Redis is away, the rule makes no sense, or its name is taken.
    pub async fn add(&self, rule: &Rule) -> Result<()> {
        rule.check()?;
        let there = self.list().await?;
        if let Some(taken) = there.iter().find(|standing| standing.rule.name == rule.name) {
            let (name, stage) = (&rule.name, &taken.rule.stage);
            let problem = words::tr!(
                "there is a rule `{name}` of the {stage} stage already; `dead rule remove {name}` there takes it away"
            );
            return Err(Error::NotNow(problem));
        }
        if there.len() >= MOST {
            return Err(Error::NotNow(words::tr!("there are {MOST} rules already")));
        }
        let key = self.0.rt.namespace.rule_key(&rule.name);
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline
            .cmd("HSETNX")
            .arg(&key)
            .arg(RULE)
            .arg(serde_json::to_string(rule)?)
            .ignore();
        let index = self.0.rt.namespace.rules_key();
        pipeline.cmd("SADD").arg(index).arg(&rule.name).ignore();
        let mut connection = self.0.rt.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Forgets a rule; its plans stay.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline
            .cmd("DEL")
            .arg(self.0.rt.namespace.rule_key(name))
            .ignore();
        pipeline
            .cmd("SREM")
            .arg(self.0.rt.namespace.rules_key())
            .arg(name)
            .ignore();
        let mut connection = self.0.rt.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Switches a rule off.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn switch_off(&self, name: &str, off: &Off) -> Result<()> {
        self.write(name, OFF, Some(serde_json::to_string(off)?)).await
    }

    /// Switches a rule on again.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn switch_on(&self, name: &str) -> Result<()> {
        self.write(name, OFF, None).await
    }

    pub(crate) async fn note(&self, name: &str, last: &Last) -> Result<()> {
        self.write(name, LAST, Some(serde_json::to_string(last)?)).await
    }

    /// Writes a field of a rule that is still there.
    async fn write(&self, name: &str, field: &str, value: Option<String>) -> Result<()> {
        self.load(name).await?;
        let key = self.0.rt.namespace.rule_key(name);
        let command = match value {
            Some(value) => redis::cmd("HSET").arg(key).arg(field).arg(value).clone(),
            None => redis::cmd("HDEL").arg(key).arg(field).clone(),
        };
        let mut connection = self.0.rt.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// By the clock of Redis, unix milliseconds: every process asks the same one.
    pub(crate) async fn now(&self) -> Result<i64> {
        let mut connection = self.0.rt.store.connection().await?;
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut *connection).await?;
        Ok(seconds * 1_000 + micros / 1_000)
    }
}

fn read<T: DeserializeOwned>(fields: &BTreeMap<String, String>, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?).ok()
}
