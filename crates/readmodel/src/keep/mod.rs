//! Keeping the read model: following the stream, and looking whether it agrees with the queues.

mod agree;
mod follow;
mod state;
mod walk;

pub(crate) use state::now;
pub use state::{Behind, State};

use crate::{Model, error::Result};
use pipeline::service::Runtime;
use std::{sync::Arc, time::Duration};

/// How often it is looked whether the letters agree with their queues.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// What a keeper works with.
#[derive(Clone)]
pub struct Keeper {
    pub(crate) rt: Runtime,
    pub(crate) model: Arc<Model>,
    pub(crate) state: Arc<State>,
    /// How often letters that were not seen in their queue are looked at, at most.
    pub(crate) bodies_every: Duration,
}

impl Keeper {
    /// A keeper of this model.
    #[must_use]
    pub fn new(rt: Runtime, model: Arc<Model>, bodies_every: Duration) -> Self {
        Self {
            rt,
            model,
            state: Arc::default(),
            bodies_every,
        }
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    /// Keeps it until shutdown.
    pub async fn run(self) {
        tokio::join!(follow::follow(&self), agree::agree(&self), prune(&self));
    }

    /// Changes the file on a thread that may wait for the disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut crate::Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let model = Arc::clone(&self.model);
        let changed = tokio::task::spawn_blocking(move || model.write(change)).await;
        changed.unwrap_or(Err(crate::error::Error::Ended))
    }

    /// Looks into the file on a thread that may wait for the disk.
    ///
    /// # Errors
    /// What `look` answers.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let model = Arc::clone(&self.model);
        let seen = tokio::task::spawn_blocking(move || model.read(look)).await;
        seen.unwrap_or(Err(crate::error::Error::Ended))
    }

    /// Everything is read again from the beginning.
    pub(crate) async fn begin_anew(&self) -> Result<()> {
        let model = Arc::clone(&self.model);
        let begun = tokio::task::spawn_blocking(move || model.begin_anew()).await;
        begun.unwrap_or(Err(crate::error::Error::Ended))?;
        self.state.began_anew();
        Ok(())
    }
}

async fn prune(keeper: &Keeper) {
    const EVERY: Duration = Duration::from_secs(60);
    loop {
        match keeper.write(|writer| writer.prune(now())).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, "nothing was pruned"),
        }
        if !keeper.rt.shutdown.sleep(EVERY).await {
            return;
        }
    }
}
