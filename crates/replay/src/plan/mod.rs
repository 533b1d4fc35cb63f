//! A plan: a frozen set of dead letters, why they are put back, and what has become of each.
//!
//! It lives in Redis, as long as it is open and for a week after. Redis never holds the only copy of a letter: when a
//! plan is lost its letters are still in the queue, and putting one back twice is harmless (I2, I3).

pub mod canary;
pub mod make;
pub mod options;
mod pass;
pub mod run;
mod sweep;

use super::repair::Repair;
use pipeline::{
    names::Namespace,
    stage::Stage,
    store::{Error, Script, Store},
};

use options::Options;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

static SENT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("sent.lua")));
static STATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("state.lua")));

const DAY: u64 = 24 * 3600;
/// An open plan is forgotten after this time without a change of state.
const OPEN_FOR: u64 = 30 * DAY;
/// A plan that is over.
const OVER_FOR: u64 = 7 * DAY;

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its set is being frozen.
    Making,
    /// Ready to run.
    Planned,
    /// At work, or killed at work.
    Running,
    /// Interrupted; `resume` goes on.
    Paused,
    /// Ended itself because too many failed again; `resume` begins with a canary once more.
    Stopped,
    /// Everything was sent and nobody waited for the outcomes.
    Sent,
    /// Ended by a person; nothing more will be sent.
    Cancelled,
    /// Every outcome is known.
    Complete,
}

impl State {
    const ALL: [(Self, &str); 8] = [
        (Self::Making, "making"),
        (Self::Planned, "planned"),
        (Self::Running, "running"),
        (Self::Paused, "paused"),
        (Self::Stopped, "stopped"),
        (Self::Sent, "sent"),
        (Self::Cancelled, "cancelled"),
        (Self::Complete, "complete"),
    ];

    /// Its word in Redis and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, name)| name)
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == name)
            .map(|(state, _)| state)
    }

    /// Nothing more will be sent.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Complete)
    }
}

/// A plan as it is written down.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Its id, which is also the first half of the mark on everything it sends.
    pub id: String,
    /// The stage whose letters it puts back.
    pub stage: String,
    /// How they were chosen, in words.
    pub filter: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub operator: String,
    /// Unix milliseconds.
    pub made_at: i64,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, for people.
    pub note: String,
    /// Letters in it.
    pub total: u64,
    /// Letters that were looked at and are not in it.
    pub unmatched: u64,
    /// Letters that were put back.
    pub sent: u64,
    /// Letters by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// How it was run last.
    pub options: Options,
    /// What is done to each letter on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
}

impl Plan {
    /// Letters of which nothing more is expected.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Letters with one of these outcomes.
    #[must_use]
    pub fn count(&self, outcomes: &[&str]) -> u64 {
        outcomes.iter().filter_map(|name| self.outcomes.get(*name)).sum()
    }

    /// Letters that failed again.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.count(&["dead"])
    }

    /// Letters on their way: sent, and their outcome is not known.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.sent
            .saturating_sub(self.known() - self.count(&["refused", "gone"]))
    }

    /// Letters that are still in the dead-letter queue because of this plan or in spite of it.
    #[must_use]
    pub fn left(&self) -> u64 {
        let elsewhere = self.sent + self.count(&["gone"]);
        self.unmatched + self.total.saturating_sub(elsewhere)
    }
}

/// The plans of a namespace.
#[derive(Clone)]
pub struct Plans {
    store: Store,
    namespace: Namespace,
}

impl Plans {
    /// The plans of this namespace.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// The plan of this id; `None` when there is none in this namespace.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn load(&self, id: &str) -> Result<Option<Plan>, Error> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if id.is_empty() || !id.chars().all(legal) {
            return Ok(None);
        }
        let mut connection = self.store.connection().await?;
        let fields: BTreeMap<String, String> = redis::cmd("HGETALL")
            .arg(self.namespace.plan_keys(id).plan)
            .query_async(&mut *connection)
            .await?;
        drop(connection);
        let Some(mut plan) = read(id, &fields) else {
            return Ok(None);
        };
        let settled = plan.known() >= plan.total && plan.under_way() == 0;
        if matches!(plan.state, State::Sent | State::Paused) && settled {
            plan.state = self
                .change(id, State::Complete, "", &[plan.state])
                .await?
                .unwrap_or(plan.state);
        }
        Ok(Some(plan))
    }

    /// All plans, the newest first.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn list(&self) -> Result<Vec<Plan>, Error> {
        let index = self.namespace.plans_key();
        let mut connection = self.store.connection().await?;
        let ids: Vec<String> = redis::cmd("ZREVRANGE")
            .arg(&index)
            .arg(0)
            .arg(-1)
            .query_async(&mut *connection)
            .await?;
        drop(connection);
        let mut plans = Vec::with_capacity(ids.len());
        for id in ids {
            match self.load(&id).await? {
                Some(plan) => plans.push(plan),
                None => {
                    let mut connection = self.store.connection().await?;
                    redis::cmd("ZREM")
                        .arg(&index)
                        .arg(&id)
                        .query_async::<()>(&mut *connection)
                        .await?;
                }
            }
        }
        Ok(plans)
    }

    /// Goes from one of the states `from` to another one; returns the state after that, `None` without a plan.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn change(
        &self,
        id: &str,
        to: State,
        note: &str,
        from: &[State],
    ) -> Result<Option<State>, Error> {
        let keys = self.namespace.plan_keys(id);
        let life = if to.is_over() { OVER_FOR } else { OPEN_FOR };
        let mut args = vec![to.name().to_owned(), note.to_owned(), life.to_string()];
        args.extend(from.iter().map(|state| state.name().to_owned()));
        let state: Option<String> = self
            .store
            .invoke(&STATE, &[keys.plan, keys.letters], &args)
            .await?;
        Ok(state.as_deref().and_then(State::read))
    }

    /// Writes down that the broker has these letters; returns the plan's state, `None` without a plan.
    pub(crate) async fn sent(&self, id: &str, letters: &[String]) -> Result<Option<State>, Error> {
        let keys = self.namespace.plan_keys(id);
        let state: Option<String> = self
            .store
            .invoke(&SENT, &[keys.plan, keys.letters], letters)
            .await?;
        Ok(state.as_deref().and_then(State::read))
    }

    /// What the plan knows about each letter: `None` not in it, empty not sent yet, else `s` or the outcome.
    pub(crate) async fn letters(&self, id: &str, letters: &[String]) -> Result<Vec<Option<String>>, Error> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.store.connection().await?;
        let keys = self.namespace.plan_keys(id);
        let answer = redis::cmd("HMGET")
            .arg(keys.letters)
            .arg(letters)
            .query_async(&mut *connection)
            .await?;
        Ok(answer)
    }

    /// Writes fields of the plan.
    pub(crate) async fn write(&self, id: &str, fields: &[(&str, String)]) -> Result<(), Error> {
        let mut command = redis::cmd("HSET");
        command.arg(self.namespace.plan_keys(id).plan);
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// Notes a letter that stays where it is, with the reason for the counters.
    pub(crate) async fn refuse(&self, id: &str, letter: &str) -> Result<(), Error> {
        let keys = self.namespace.plan_keys(id);
        let mut connection = self.store.connection().await?;
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline
            .cmd("HSET")
            .arg(&keys.letters)
            .arg(letter)
            .arg(REFUSED)
            .ignore();
        pipeline
            .cmd("HINCRBY")
            .arg(&keys.plan)
            .arg("n:refused")
            .arg(1)
            .ignore();
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }
}

/// State of a letter that its plan's repair does not fit; it stays in the queue.
pub(crate) const REFUSED: &str = "refused";

pub(super) fn read(id: &str, fields: &BTreeMap<String, String>) -> Option<Plan> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let state = State::read(fields.get("state")?)?;
    let outcomes = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("n:")?.to_owned(), value.parse().ok()?)))
        .collect();
    Some(Plan {
        id: id.to_owned(),
        stage: text("stage"),
        filter: text("filter"),
        reason: text("reason"),
        operator: text("operator"),
        made_at: fields
            .get("made_at")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        state,
        note: text("note"),
        total: number("total"),
        unmatched: number("unmatched"),
        sent: number("sent"),
        outcomes,
        options: serde_json::from_str(&text("options")).unwrap_or_default(),
        repair: serde_json::from_str(&text("repair")).ok(),
    })
}

/// Whether this stage's command may touch the plan.
pub(crate) fn belongs(plan: &Plan, stage: Stage) -> bool {
    plan.stage == stage.name()
}
