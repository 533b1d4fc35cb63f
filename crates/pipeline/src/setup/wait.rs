//! A program without settings waits in the place of `run`, shows itself to the desk, and begins anew when it was set up; one
//! that works begins anew when its settings are replaced.

use super::{
    config::SetupArgs,
    folder::{FolderError, SetupFolder},
};
use crate::{
    config::CommonConfig,
    gate::Pause,
    service::Runtime,
    setting::ConfigError,
    tls::TlsFiles,
    wish::{Servant, Server, serve},
};
use ring::digest::{SHA256, digest};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How often it is looked whether there are new settings.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a wish stays with a replica that says nothing.
const TERM: Duration = Duration::from_secs(10);
/// What a replica shows of its setup in `/status` and in its heartbeat.
pub const STATUS: &str = "setup";

/// The process has to begin anew, because its settings have changed. [`crate::cli::execute`] does that.
#[derive(Debug, thiserror::Error)]
#[error("the settings have changed")]
pub struct SettingsChanged;

/// Why the settings of the folder cannot even be read, if that is so.
static SPOILT: OnceLock<String> = OnceLock::new();

/// Notes that the settings of the folder are none; `run` then waits for better ones.
pub(crate) fn spoil(problem: String) {
    // The first thing that is found wrong is told.
    drop(SPOILT.set(problem));
}

/// How a program comes to its settings.
#[derive(Clone)]
pub struct Setup {
    folder: Option<SetupFolder>,
    began_with: Vec<u8>,
    changed: Arc<AtomicBool>,
    running: Arc<OnceLock<Runtime>>,
}

impl Setup {
    /// Of a program of which there may be a folder.
    #[must_use]
    pub fn new(args: &SetupArgs, service: &'static str) -> Self {
        let named = args.setup_dir.as_deref();
        let named = named.filter(|folder| !folder.as_os_str().is_empty());
        let folder = named.map(|folder| SetupFolder::new(folder, service));
        Self {
            began_with: folder.as_ref().map(content).unwrap_or_default(),
            folder,
            changed: Arc::default(),
            running: Arc::default(),
        }
    }

    /// The folder, if there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&SetupFolder> {
        self.folder.as_ref()
    }

    /// What is wrong with the program's own settings, if nobody can set others while it waits: then it is said with
    /// everything else that is wrong.
    ///
    /// # Errors
    /// It is.
    pub fn demands<T>(&self, checked: &Result<T, ConfigError>) -> Result<(), ConfigError> {
        match (&self.folder, checked) {
            (None, Err(fault)) => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// There is a folder, and no settings in it, or none that can be read.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        let awaits = |folder: &SetupFolder| !folder.is_set_up() || SPOILT.get().is_some();
        self.folder.as_ref().is_some_and(awaits)
    }

    /// Shows that it can be set up, and ends the process orderly when its settings are replaced.
    ///
    /// # Errors
    /// When the folder does not serve.
    pub async fn follow(&self, rt: &Runtime) -> Result<(), FolderError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        show(rt, &folder)?;
        rt.beat(folder.service()).await;
        // It is set once: a process follows its settings once.
        drop(self.running.set(rt.clone()));
        let (setup, rt) = (self.clone(), rt.clone());
        tokio::spawn(async move {
            while rt.shutdown.sleep(LOOK_EVERY).await {
                let content = content(&folder);
                if content != setup.began_with && folder.is_set_up() {
                    tracing::info!("the settings have changed, the process begins anew");
                    setup.changed.store(true, Ordering::Relaxed);
                    rt.shutdown.trigger();
                }
            }
        });
        Ok(())
    }

    /// How `run` ends: it begins anew if its settings have changed.
    ///
    /// # Errors
    /// When they have.
    pub async fn over(&self) -> Result<(), SettingsChanged> {
        tracing::info!("stopped");
        if !self.changed.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let (Some(rt), Some(folder)) = (self.running.get(), &self.folder) {
            rt.leave(folder.service()).await;
        }
        Err(SettingsChanged)
    }

    /// Waits until the settings are there, or other ones than those that cannot be used, and does meanwhile what setting up needs.
    ///
    /// # Errors
    /// [`SettingsChanged`] when they are; else when there is no folder or it does not serve, or the runtime cannot be started.
    pub async fn wait<S: Servant>(
        &self,
        common: &CommonConfig,
        tls: &TlsFiles,
        lanes: Vec<&'static str>,
        problem: Option<ConfigError>,
        servant: impl FnOnce(&Runtime) -> S,
    ) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else {
            return match problem {
                Some(problem) => Err(problem.into()),
                None => Ok(()),
            };
        };
        let rt = Runtime::start(folder.service(), common, tls).await?;
        // Whoever hears that it waits finds the key, too.
        show(&rt, folder)?;
        let problem = problem.map(|problem| problem.to_string().replace('\n', "; "));
        let why = match problem.as_ref().or(SPOILT.get()) {
            None => words::kept!("there are no settings yet; open /setup of the desk"),
            Some(problem) => words::kept!("the settings cannot be used: {problem}; open /setup of the desk"),
        };
        rt.gate.close(Pause::Setup, why);
        rt.gate.open(Pause::Starting);
        rt.beat(folder.service()).await;
        let serving = tokio::spawn(serve_always(rt.clone(), lanes, servant(&rt)));
        let is_set_up = loop {
            if folder.is_set_up() && content(folder) != self.began_with {
                break true;
            }
            if !rt.shutdown.sleep(LOOK_EVERY).await {
                break false;
            }
        };
        rt.shutdown.trigger();
        serving.await?;
        rt.leave(folder.service()).await;
        tracing::info!(is_set_up, "stopped waiting to be set up");
        match is_set_up {
            true => Err(SettingsChanged.into()),
            false => Ok(()),
        }
    }
}

/// Does what setting up needs, until shutdown, whatever pauses the work.
pub async fn serve_always(rt: Runtime, lanes: Vec<&'static str>, servant: impl Servant) {
    let server = Server {
        gate: None,
        ..rt.server(lanes, TERM)
    };
    serve(server, servant).await;
}

fn show(rt: &Runtime, folder: &SetupFolder) -> Result<(), FolderError> {
    let status = serde_json::json!({"key": folder.sealing_key()?, "is_set_up": folder.is_set_up()});
    rt.status.set(STATUS, status);
    Ok(())
}

fn content(folder: &SetupFolder) -> Vec<u8> {
    let both = folder.content();
    digest(&SHA256, &both).as_ref().to_vec()
}
