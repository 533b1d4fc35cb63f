//! What every answer is made of.

use super::places::Places;
use crate::{
    auth::{People, attempts::Attempts, secret},
    config::DeskConfig,
    drafts::Drafts,
    oidc::Provider,
    setup,
    views::Cache,
    work::Work,
};
use pipeline::{config::CommonConfig, service::Runtime, stage::Stage};
use readmodel::keep::Keeper;
use replay::workspace::Workspace;
use std::{ops::Deref, sync::Arc};
use tokio::sync::Semaphore;
use words::Language;

/// Looks into the read model at a time; SQLite's readers and the machine set the limit.
const LOOKS: usize = 4;

/// Shared by all answers; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The parts.
pub(crate) struct Parts {
    /// Queues, Redis, shutdown.
    pub(crate) rt: Runtime,
    /// Checked settings of the pipeline.
    pub(crate) common: CommonConfig,
    /// The read model.
    pub(crate) keeper: Keeper,
    /// Who may sign in.
    pub(crate) people: People,
    /// Sign-ins that failed.
    pub(crate) attempts: Attempts,
    /// Where people sign in who are no local ones.
    pub(crate) provider: Option<Provider>,
    /// Who is let in how.
    pub(crate) config: DeskConfig,
    /// How far setting up has come.
    pub(crate) setup: setup::Place,
    /// What admins have typed into letters.
    pub(crate) drafts: Drafts,
    /// What operators have begun.
    pub(crate) work: Work,
    /// What several pages look at.
    pub(crate) cache: Cache,
    /// The secret of those who need no sign-in.
    pub(crate) secret: String,
    /// Bounds the pages that are kept up to date.
    pub(crate) live: Places,
    looks: Semaphore,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        rt: Runtime,
        common: CommonConfig,
        keeper: Keeper,
        people: People,
        config: DeskConfig,
        provider: Option<Provider>,
    ) -> Self {
        let namespace = rt.namespace.to_string();
        let kept = setup::Kept::new(&config.data, &namespace);
        let drafts = Drafts::new(&config.data, &namespace);
        Self(Arc::new(Parts {
            setup: setup::Place::new(kept),
            rt,
            common,
            keeper,
            people,
            attempts: Attempts::default(),
            provider,
            config,
            drafts,
            work: Work::default(),
            cache: Cache::default(),
            secret: secret::random(),
            live: Places::default(),
            looks: Semaphore::new(LOOKS),
        }))
    }

    /// Looks into the read model, whose words are those of the language.
    ///
    /// # Errors
    /// When the file does not serve.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        language: Language,
        look: impl FnOnce(&rusqlite::Connection) -> readmodel::error::Result<T> + Send + 'static,
    ) -> Result<T, readmodel::error::Error> {
        let _permit = self
            .looks
            .acquire()
            .await
            .map_err(|_| readmodel::error::Error::Ended)?;
        let look = move |connection: &rusqlite::Connection| words::scoped(language, || look(connection));
        self.keeper.read(look).await
    }

    /// Dead letters of a stage, as this person works on them.
    pub(crate) fn workspace(&self, stage: Stage, operator: &str) -> Workspace {
        let mut workspace = Workspace::new(self.rt.clone(), stage);
        operator.clone_into(&mut workspace.operator);
        workspace
    }
}
