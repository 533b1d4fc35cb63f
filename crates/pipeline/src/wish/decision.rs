//! Standing decisions: which stages rest until somebody resumes them.

use super::{error::Error, kind::stage_word, record::signed};
use crate::{
    names::Namespace,
    stage::Stage,
    store::{self, Script, Store},
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::LazyLock};

static DECIDE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("decide.lua")));

/// What was decided last about a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Which.
    #[serde(with = "stage_word")]
    pub stage: Stage,
    /// It rests.
    pub paused: bool,
    /// Who has decided that.
    pub by: String,
    /// Why; empty when it was resumed.
    pub reason: String,
    /// Since when, by Redis' clock, unix milliseconds.
    pub since_ms: i64,
}

/// As Redis keeps it, behind the time.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    paused: bool,
    by: String,
    #[serde(default)]
    reason: String,
}

/// The decisions of a namespace; cheap to clone.
#[derive(Clone)]
pub struct Decisions {
    store: Store,
    key: String,
}

impl Decisions {
    /// Those of this namespace.
    #[must_use]
    pub fn new(store: Store, namespace: &Namespace) -> Self {
        Self {
            store,
            key: namespace.decisions_key(),
        }
    }

    /// Lets a stage rest: its replicas take no new work, those of later starts neither, until [`Self::decide_resume`].
    ///
    /// # Errors
    /// When nobody or no reason is named, or Redis does not answer.
    pub async fn decide_pause(&self, stage: Stage, by: &str, reason: &str) -> Result<Decision, Error> {
        let (by, reason) = signed(by, reason)?;
        self.decide(stage, true, by, reason).await
    }

    /// Lets a stage work again. That it was not paused is no error.
    ///
    /// # Errors
    /// When nobody is named, or Redis does not answer.
    pub async fn decide_resume(&self, stage: Stage, by: &str) -> Result<Decision, Error> {
        let (by, _) = signed(by, "-")?;
        self.decide(stage, false, by, String::new()).await
    }

    /// What was decided last about each stage that anything was decided about, in flow order.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn decisions(&self) -> Result<Vec<Decision>, Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.key);
        let kept: Result<HashMap<String, String>, _> = command.query_async(&mut *connection).await;
        let kept = kept.map_err(store::Error::from)?;
        let of = |stage: Stage| read(stage, kept.get(stage.name())?);
        Ok(Stage::ALL.into_iter().filter_map(of).collect())
    }

    /// What was decided last about a stage; `None`: nothing, or Redis has lost it.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub(super) async fn about(&self, stage: Stage) -> Result<Option<Decision>, store::Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("HGET");
        command.arg(&self.key).arg(stage.name());
        let kept: Option<String> = command.query_async(&mut *connection).await?;
        Ok(kept.and_then(|kept| read(stage, &kept)))
    }

    /// Writes down again what Redis has lost, and says what stands there now.
    pub(super) async fn restore(&self, decision: &Decision) -> Result<Option<Decision>, store::Error> {
        let kept = Kept {
            paused: decision.paused,
            by: decision.by.clone(),
            reason: decision.reason.clone(),
        };
        let text = format!("{} {}", decision.since_ms, written(&kept));
        let args = [decision.stage.name().to_owned(), text, "restore".to_owned()];
        let stands: String = self
            .store
            .invoke(&DECIDE, std::slice::from_ref(&self.key), &args)
            .await?;
        Ok(read(decision.stage, &stands))
    }

    async fn decide(
        &self,
        stage: Stage,
        paused: bool,
        by: String,
        reason: String,
    ) -> Result<Decision, Error> {
        let mut decision = Decision {
            stage,
            paused,
            by: by.clone(),
            reason: reason.clone(),
            since_ms: 0,
        };
        let args = [stage.name().to_owned(), written(&Kept { paused, by, reason })];
        let stands: String = self
            .store
            .invoke(&DECIDE, std::slice::from_ref(&self.key), &args)
            .await?;
        let since = stands.split(' ').next().and_then(|since| since.parse().ok());
        decision.since_ms = since.unwrap_or_default();
        Ok(decision)
    }
}

fn written(kept: &Kept) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

fn read(stage: Stage, kept: &str) -> Option<Decision> {
    let (since, kept) = kept.split_once(' ')?;
    let Kept { paused, by, reason } = serde_json::from_str(kept).ok()?;
    Some(Decision {
        stage,
        paused,
        by,
        reason,
        since_ms: since.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_stands_behind_its_time() {
        let read = |kept| read(Stage::Load, kept);
        let decision = read(r#"7 {"paused":true,"by":"li","reason":"the form changes"}"#).unwrap();
        assert_eq!((decision.since_ms, decision.paused), (7, true));
        assert_eq!(
            serde_json::to_value(&decision).unwrap()["stage"],
            serde_json::json!("load")
        );
        assert!(!read(r#"7 {"paused":false,"by":"li"}"#).unwrap().paused);
        for strange in ["", "7", "x {}", "7 {}", "7 {\"paused\":1}"] {
            assert!(read(strange).is_none(), "{strange}");
        }
    }
}
