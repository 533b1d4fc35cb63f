//! Which programs there are to set up, as they say themselves in their heartbeats.

use crate::server::Failure;
use pipeline::{
    gate::Pause,
    heartbeat::{LISTING, Replica, replicas},
    service::Runtime,
    setup::{STATUS, SealingKey},
    stage::Stage,
};
use serde::Serialize;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProgramStanding)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// None runs.
    Absent,
    /// It runs by variables and flags only, and cannot be set up from here.
    OnItsOwn,
    /// It waits for its settings.
    Waiting,
    /// It has settings and is about to work, or paused.
    Paused,
    /// It works.
    Working,
}

/// One of the three.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Program {
    /// Its stage's word.
    pub(crate) stage: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// How it stands.
    pub(crate) standing: Standing,
    /// Replicas that are heard.
    pub(crate) replicas: usize,
    /// Why it is paused, in an English sentence.
    pub(crate) pause: Option<String>,
    /// It was told to list nothing by itself; the extractor only.
    pub(crate) lists_nothing: bool,
    /// It waits until rows without a key have theirs.
    pub(crate) is_keyless: bool,
    #[serde(skip)]
    pub(crate) key: Option<SealingKey>,
    /// When any of it was heard last.
    #[serde(skip)]
    heard_ms_ago: Option<i64>,
}

/// Who was heard since is about to come back: settings that were replaced have it begin anew, and a busy one is heard late.
const LATELY_MS: i64 = 60_000;
const RETURNS: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(300);

/// All three, in the order of a record's way.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn programs(rt: &Runtime) -> Result<Vec<Program>, Failure> {
    let found = replicas(&rt.store, &rt.namespace).await?;
    let of = |stage: Stage| {
        let heard = found.replicas.iter();
        let heard = heard.filter(|one| one.heartbeat.service == stage.program() && !one.is_silent());
        let last = found.last_ms_ago.get(stage.program()).copied();
        program(stage, &heard.collect::<Vec<_>>(), last)
    };
    Ok(Stage::ALL.map(of).to_vec())
}

/// The same; of which none runs though one did a moment ago is waited for.
///
/// # Errors
/// As [`programs`].
pub(crate) async fn returned(rt: &Runtime) -> Result<Vec<Program>, Failure> {
    let until = Instant::now() + RETURNS;
    loop {
        let found = programs(rt).await?;
        if Instant::now() >= until || !found.iter().any(Program::is_away) {
            return Ok(found);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn program(stage: Stage, heard: &[&Replica], heard_ms_ago: Option<i64>) -> Program {
    let setup = |one: &&Replica| one.heartbeat.status.get(STATUS).cloned();
    let key = heard
        .iter()
        .filter_map(setup)
        .find_map(|shown| serde_json::from_value(shown["key"].clone()).ok());
    let pauses = || heard.iter().flat_map(|one| &one.heartbeat.paused);
    let has = |reason: Pause| pauses().any(|pause| pause.reason == reason);
    let standing = match () {
        () if heard.is_empty() => Standing::Absent,
        () if has(Pause::Setup) => Standing::Waiting,
        () if key.is_none() => Standing::OnItsOwn,
        () if pauses().next().is_some() => Standing::Paused,
        () => Standing::Working,
    };
    Program {
        stage: stage.name(),
        name: stage.program(),
        standing,
        replicas: heard.len(),
        pause: pauses().next().map(|pause| pause.detail.clone()),
        lists_nothing: !heard.is_empty() && heard.iter().all(|one| one.heartbeat.status[LISTING] == "off"),
        is_keyless: has(Pause::Keyless),
        key,
        heard_ms_ago,
    }
}

impl Program {
    /// None runs, and one did a moment ago.
    fn is_away(&self) -> bool {
        self.standing == Standing::Absent && self.heard_ms_ago.is_some_and(|ago| ago < LATELY_MS)
    }

    /// With which keys for it are sealed.
    ///
    /// # Errors
    /// When none runs that can be set up.
    pub(crate) fn sealing_key(&self) -> Result<&SealingKey, Failure> {
        self.key.as_ref().ok_or_else(|| {
            Failure::invalid(
                "setup",
                words::kept!(
                    "no {0} runs that can be set up; start one: SETUP_DIR=FOLDER {0} run",
                    self.name
                ),
            )
        })
    }
}
