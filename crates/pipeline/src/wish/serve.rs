//! The loop of a replica that does what is wished: one task for each wish, so that a long one keeps no other waiting.

use super::{served::Served, taken::Taken, wishes::Wishes};
use crate::{gate::Gate, shutdown::Shutdown};
use std::{sync::Arc, time::Duration};
use tokio::task::{JoinError, JoinSet};

/// How often a replica looks for wishes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long what is under way may take to end with the process.
const LET_GO: Duration = Duration::from_secs(1);

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

/// Takes wishes and does them, one of each lane at a time, until shutdown.
pub async fn serve(server: Server, servant: impl Servant) {
    let servant = Arc::new(servant);
    let mut works = JoinSet::new();
    while !server.shutdown.is_requested() {
        while let Some(ended) = works.try_join_next() {
            reap(&ended);
        }
        match server.next().await {
            Some(taken) => {
                works.spawn(work(taken, Arc::clone(&servant), server.shutdown.clone()));
            }
            None => drop(server.shutdown.sleep(LOOK_EVERY).await),
        }
    }
    while let Some(ended) = works.join_next().await {
        reap(&ended);
    }
}

impl Server {
    async fn next(&self) -> Option<Taken> {
        if let Some(gate) = &self.gate {
            tokio::select! {
                () = gate.opened() => {}
                () = self.shutdown.requested() => return None,
            }
        }
        let taken = self.wishes.take(&self.lanes, &self.instance, self.term).await;
        // Whoever watches Redis says what is wrong with it.
        taken.unwrap_or_else(|error| {
            tracing::debug!(%error, "wishes cannot be looked for");
            None
        })
    }
}

/// Its term runs out, and it is taken again.
fn reap(ended: &Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a wish has ended its task");
    }
}

async fn work(taken: Taken, servant: Arc<impl Servant>, shutdown: Shutdown) {
    let wish = &taken.wish;
    tracing::info!(
        wish = wish.id,
        what = wish.kind.lane(),
        by = wish.by,
        "wish taken"
    );
    let served = tokio::select! {
        served = servant.serve(&taken) => served,
        () = taken.lost() => {
            tracing::warn!(wish = wish.id, "another replica goes on with the wish");
            return;
        }
        // What is under way lets its leases go first.
        () = async { shutdown.requested().await; tokio::time::sleep(LET_GO).await } => Served::PutBack,
    };
    let ended = match &served {
        Served::Done(_) => "done",
        Served::Failed(_) => "failed",
        Served::PutBack => "put back",
    };
    tracing::info!(wish = wish.id, ended, "wish has ended");
    taken.end(served).await;
}
