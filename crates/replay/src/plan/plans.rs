//! Plans in Redis: a hash for the plan, a hash for its letters, an index of all plans.

use super::{
    Plan,
    end::{End, LetterState},
    read::{COUNTER, read},
    state::State,
};

use crate::index::Index;
use pipeline::{
    names::Namespace,
    store::{Error, Script, Store},
};

use std::{collections::BTreeMap, sync::LazyLock};

static SENT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("sent.lua")));
static STATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("state.lua")));

pub(super) const DAY: u64 = 24 * 3600;
/// An open plan is forgotten after this time without a change of state.
const OPEN_FOR: u64 = 30 * DAY;
/// A plan that is over.
const OVER_FOR: u64 = 7 * DAY;

fn counter(end: End) -> String {
    format!("{COUNTER}{}", end.name())
}

/// The plans of a namespace.
#[derive(Clone)]
pub struct Plans {
    store: Store,
    namespace: Namespace,
    /// Who changes them.
    by: String,
}

impl Plans {
    /// The plans of this namespace.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self {
            store,
            namespace,
            by: String::new(),
        }
    }

    /// Notes this operator in the plans that change their state.
    #[must_use]
    pub fn changed_by(mut self, operator: String) -> Self {
        self.by = operator;
        self
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
        let over = plan.known() >= plan.total && plan.under_way() == 0;
        if matches!(plan.state, State::Sent | State::Paused) && over {
            // The last outcome has ended it, and nobody.
            let nobody = Self::new(self.store.clone(), self.namespace.clone());
            plan.state = nobody
                .set(id, State::Complete, "", &[plan.state])
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
        let index = Index::new(&self.store, self.namespace.plans_key());
        let mut found = Vec::new();
        for id in index.ids().await? {
            match self.load(&id).await? {
                Some(one) => found.push(one),
                None => index.forget(&id).await?,
            }
        }
        Ok(found)
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
        self.set(id, to, note, from).await
    }

    async fn set(&self, id: &str, to: State, note: &str, from: &[State]) -> Result<Option<State>, Error> {
        let keys = self.namespace.plan_keys(id);
        let life = if to.is_over() { OVER_FOR } else { OPEN_FOR };
        let now = jiff::Timestamp::now().as_millisecond().to_string();
        let mut args = vec![
            to.name().to_owned(),
            note.to_owned(),
            life.to_string(),
            self.by.clone(),
            now,
        ];
        args.extend(from.iter().map(|state| state.name().to_owned()));
        let state: Option<String> = self
            .store
            .invoke(&STATE, &[keys.plan, keys.letters], &args)
            .await?;
        Ok(state.as_deref().and_then(State::read))
    }

    /// Writes down that the broker has these letters; returns the plan's state, `None` without a plan.
    pub(super) async fn sent(&self, id: &str, letters: &[String]) -> Result<Option<State>, Error> {
        let keys = self.namespace.plan_keys(id);
        let state: Option<String> = self
            .store
            .invoke(&SENT, &[keys.plan, keys.letters], letters)
            .await?;
        Ok(state.as_deref().and_then(State::read))
    }

    /// What the plan knows about each letter; `None`: it is not in the plan.
    pub(crate) async fn letters(
        &self,
        id: &str,
        letters: &[String],
    ) -> Result<Vec<Option<LetterState>>, Error> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.store.connection().await?;
        let keys = self.namespace.plan_keys(id);
        let fields: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(keys.letters)
            .arg(letters)
            .query_async(&mut *connection)
            .await?;
        let read = |field: Option<String>| field.as_deref().map(LetterState::read);
        Ok(fields.into_iter().map(read).collect())
    }

    /// What the plan knows about some of its letters, from a place that an earlier call gave, and the next place; 0 is the
    /// beginning and the end.
    pub(super) async fn some(
        &self,
        id: &str,
        place: u64,
    ) -> Result<(u64, Vec<(String, LetterState)>), Error> {
        const AT_A_TIME: u64 = 500;
        let mut connection = self.store.connection().await?;
        let (next, fields): (u64, Vec<(String, String)>) = redis::cmd("HSCAN")
            .arg(self.namespace.plan_keys(id).letters)
            .arg(place)
            .arg("COUNT")
            .arg(AT_A_TIME)
            .query_async(&mut *connection)
            .await?;
        let read = |(letter, field): (String, String)| (letter, LetterState::read(&field));
        Ok((next, fields.into_iter().map(read).collect()))
    }

    /// Takes the letters out of a plan that is made anew.
    pub(super) async fn empty(&self, id: &str) -> Result<(), Error> {
        let keys = self.namespace.plan_keys(id);
        let mut connection = self.store.connection().await?;
        let command = redis::cmd("DEL").arg(&keys.letters).arg(&keys.customers).clone();
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// Forgets a plan of which nothing was made.
    pub(super) async fn forget(&self, id: &str) -> Result<(), Error> {
        let keys = self.namespace.plan_keys(id);
        let mut connection = self.store.connection().await?;
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("DEL")
            .arg(&keys.plan)
            .arg(&keys.letters)
            .arg(&keys.customers)
            .ignore();
        pipeline
            .cmd("ZREM")
            .arg(self.namespace.plans_key())
            .arg(id)
            .ignore();
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Writes fields of the plan.
    pub(super) async fn write(&self, id: &str, fields: &[(&str, String)]) -> Result<(), Error> {
        let mut command = redis::cmd("HSET");
        command.arg(self.namespace.plan_keys(id).plan);
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// Writes down how many letters of the plan another operator has taken out of the queue.
    pub(super) async fn gone(&self, id: &str, letters: u64) -> Result<(), Error> {
        let counter = counter(End::Gone);
        self.write(id, &[(&counter, letters.to_string())]).await
    }

    /// Notes a letter that stays where it is because the repair does not fit it.
    pub(super) async fn refuse(&self, id: &str, letter: &str) -> Result<(), Error> {
        let keys = self.namespace.plan_keys(id);
        let mut connection = self.store.connection().await?;
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline
            .cmd("HSET")
            .arg(&keys.letters)
            .arg(letter)
            .arg(End::Refused.name())
            .ignore();
        pipeline
            .cmd("HINCRBY")
            .arg(&keys.plan)
            .arg(counter(End::Refused))
            .arg(1)
            .ignore();
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }
}
