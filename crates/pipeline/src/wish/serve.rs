//! The loop of a replica that does what is wished.

use super::{taken::Taken, wishes::Wishes};
use crate::{gate::Gate, shutdown::Shutdown};
use std::{collections::BTreeMap, time::Duration};

/// How often a replica looks for wishes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a wish came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In an English sentence (`words::kept!`).
    pub text: String,
    /// In numbers.
    pub counts: BTreeMap<String, u64>,
}

/// How serving has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// It was done.
    Done(Outcome),
    /// It cannot be done.
    Failed(Outcome),
    /// Another replica is to do it.
    PutBack,
}

impl Served {
    /// Done, in a sentence and numbers.
    #[must_use]
    pub fn done<'a>(text: String, counts: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        Self::Done(Outcome::new(text, counts))
    }

    /// Not done, and why.
    #[must_use]
    pub fn failed(text: String) -> Self {
        Self::Failed(Outcome::new(text, []))
    }
}

impl Outcome {
    /// A sentence and numbers.
    #[must_use]
    pub fn new<'a>(text: String, counts: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count));
        Self {
            text,
            counts: counts.collect(),
        }
    }
}

/// Does what is wished. It may be dropped at any moment, and be asked for the same wish again, here or elsewhere.
pub trait Servant: Send + Sync + 'static {
    /// Does it.
    fn serve(&self, taken: &Taken) -> impl Future<Output = Served> + Send;
}

/// Which replica serves, and which wishes.
pub struct Server {
    /// The list.
    pub wishes: Wishes,
    /// The lanes of the kinds that it does; one of each is under way at a time, whichever replica has it.
    pub lanes: Vec<&'static str>,
    /// Names the replica.
    pub instance: String,
    /// How long a wish stays with a replica that says nothing.
    pub term: Duration,
    /// Nothing is taken while it is closed.
    pub gate: Option<Gate>,
    /// When it ends.
    pub shutdown: Shutdown,
}

/// Takes one wish after the other and does it, until shutdown.
pub async fn serve(server: Server, servant: impl Servant) {
    let Server {
        wishes,
        lanes,
        instance,
        term,
        gate,
        shutdown,
    } = server;
    while !shutdown.is_requested() {
        if let Some(gate) = &gate {
            tokio::select! {
                () = gate.opened() => {}
                () = shutdown.requested() => return,
            }
        }
        match wishes.take(&lanes, &instance, term).await {
            Ok(Some(taken)) => work(&taken, &servant, &shutdown).await,
            Ok(None) => drop(shutdown.sleep(LOOK_EVERY).await),
            Err(error) => {
                // Whoever watches Redis says what is wrong with it.
                tracing::debug!(%error, "wishes cannot be looked for");
                shutdown.sleep(LOOK_EVERY).await;
            }
        }
    }
}

async fn work(taken: &Taken, servant: &impl Servant, shutdown: &Shutdown) {
    let wish = &taken.wish;
    tracing::info!(
        wish = wish.id,
        what = wish.kind.lane(),
        by = wish.by,
        "wish taken"
    );
    let served = tokio::select! {
        served = servant.serve(taken) => served,
        () = taken.lost() => {
            tracing::warn!(wish = wish.id, "another replica goes on with the wish");
            return;
        }
        () = shutdown.requested() => Served::PutBack,
    };
    let ended = match &served {
        Served::Done(_) => "done",
        Served::Failed(_) => "failed",
        Served::PutBack => "put back",
    };
    tracing::info!(wish = wish.id, ended, "wish has ended");
    taken.end(served).await;
}
