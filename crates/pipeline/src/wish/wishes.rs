//! The list of wishes in Redis, for those who ask and those who look.

use super::{
    error::Error,
    kind::WishKind,
    record::{Ask, Asked, State, Wish, signed},
};
use crate::{
    names::Namespace,
    store::{self, Script, Store},
};
use std::{collections::HashMap, sync::LazyLock};

/// So many may be open at a time.
const MOST_OPEN: u32 = 100;
/// So many are listed at most.
const MOST_LISTED: usize = 500;

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("settle.lua"), include_str!($name))))
    };
}

static ASK: LazyLock<Script> = script!("ask.lua");
static READ: LazyLock<Script> = script!("read.lua");
static CANCEL: LazyLock<Script> = script!("cancel.lua");
pub(super) static TAKE: LazyLock<Script> = script!("take.lua");
pub(super) static HOLD: LazyLock<Script> = script!("hold.lua");

/// The wishes of a namespace; cheap to clone.
#[derive(Clone)]
pub struct Wishes {
    pub(super) store: Store,
    keys: [String; 4],
}

impl Wishes {
    /// Those of this namespace.
    #[must_use]
    pub fn new(store: Store, namespace: &Namespace) -> Self {
        Self {
            store,
            keys: namespace.wish_keys(),
        }
    }

    /// Asks for something. The same wish that waits already is not asked for twice.
    ///
    /// # Errors
    /// When the wish cannot be one, too many are open, or Redis does not answer.
    pub async fn ask(&self, ask: Ask) -> Result<Asked, Error> {
        let ask = ask.checked()?;
        let args = [
            new_id(),
            written(&ask.kind),
            ask.kind.lane().to_owned(),
            ask.by,
            ask.reason,
            ask.patience.as_millis().to_string(),
            MOST_OPEN.to_string(),
        ];
        let (id, is_new): (Option<String>, String) = self.invoke(&ASK, &args).await?;
        let Some(id) = id else {
            return Err(Error::TooMany(is_new.parse().unwrap_or_default()));
        };
        Ok(Asked {
            wish: self.load(&id).await?,
            is_new: is_new == "1",
        })
    }

    /// So many of the newest, newest first.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn list(&self, newest: usize) -> Result<Vec<Wish>, Error> {
        match newest.min(MOST_LISTED) {
            0 => Ok(Vec::new()),
            count => {
                let wishes = self.read(&[count.to_string(), String::new()]).await?;
                Ok(wishes.into_iter().map(Wish::shown).collect())
            }
        }
    }

    /// One of them.
    ///
    /// # Errors
    /// When nobody has asked for it, or Redis does not answer.
    pub async fn load(&self, id: &str) -> Result<Wish, Error> {
        self.whole(id).await.map(Wish::shown)
    }

    /// With what only the program has to see that does it.
    pub(super) async fn whole(&self, id: &str) -> Result<Wish, Error> {
        let found = self.read(&["0".to_owned(), id.to_owned()]).await?;
        let unknown = || Error::Unknown(id.chars().take(80).collect());
        found.into_iter().next().ok_or_else(unknown)
    }

    /// What a wish was answered with, in JSON, for an hour; `None`: with nothing, or it is gone.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn answer(&self, id: &str) -> Result<Option<String>, Error> {
        let key = format!("{}{id}:answer", self.keys[0]);
        let mut connection = self.store.connection().await?;
        let answer = redis::cmd("GET").arg(key).query_async(&mut *connection).await;
        Ok(answer.map_err(store::Error::from)?)
    }

    /// Takes a wish back that nobody has taken yet.
    ///
    /// # Errors
    /// When somebody has, nobody has asked for it, or Redis does not answer.
    pub async fn cancel(&self, id: &str, by: &str) -> Result<Wish, Error> {
        let (by, _) = signed(by, "-")?;
        let said = words::kept!("cancelled by {by}");
        let before: Option<String> = self.invoke(&CANCEL, &[id.to_owned(), said]).await?;
        let wish = self.load(id).await?;
        match before.and_then(|state| state.parse().ok()) {
            Some(State::Waiting) => Ok(wish),
            state => Err(Error::NotWaiting {
                id: id.to_owned(),
                state: state.unwrap_or(wish.state).told(),
            }),
        }
    }

    async fn read(&self, args: &[String]) -> Result<Vec<Wish>, Error> {
        let found: Vec<(String, HashMap<String, String>)> = self.invoke(&READ, args).await?;
        let wishes = found.into_iter().filter_map(|(id, fields)| Wish::of(id, &fields));
        Ok(wishes.collect())
    }

    pub(super) async fn invoke<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        args: &[String],
    ) -> Result<T, store::Error> {
        self.store.invoke(script, &self.keys, args).await
    }
}

fn written(kind: &WishKind) -> String {
    serde_json::to_string(kind).unwrap_or_default()
}

/// A new id, which says when.
fn new_id() -> String {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("w-{stamp}-{:06x}", rand::random::<u32>() & 0xff_ffff)
}
