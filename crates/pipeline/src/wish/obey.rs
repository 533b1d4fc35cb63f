//! A stage that an operator has paused rests: every replica reads the decision again and again.
//!
//! While Redis is away the last known decision stands, and what an emptied Redis has lost is written down again by a replica
//! that knows it.

use super::decision::{Decision, Decisions};
use crate::{
    gate::{Gate, Pause},
    shutdown::Shutdown,
    stage::Stage,
    store,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Who decides is obeyed within twice this time.
const EVERY: Duration = Duration::from_millis(800);

/// What this replica knows of the decision about its stage; cheap to clone.
#[derive(Clone)]
pub(crate) struct Obedience {
    decisions: Decisions,
    stage: Stage,
    gate: Gate,
    known: Arc<Mutex<Option<Decision>>>,
}

impl Obedience {
    /// Of a service; `None`: it is no stage.
    pub(crate) fn of(service: &str, decisions: Decisions, gate: Gate) -> Option<Self> {
        let stage = Stage::ALL.into_iter().find(|stage| stage.program() == service)?;
        Some(Self {
            decisions,
            stage,
            gate,
            known: Arc::default(),
        })
    }

    /// Whose.
    pub(crate) const fn stage(&self) -> Stage {
        self.stage
    }

    /// Reads the decision and acts upon it.
    pub(crate) async fn look(&self) -> Result<(), store::Error> {
        let mut decision = self.decisions.about(self.stage).await?;
        let known = self.known().clone();
        if let (None, Some(known)) = (&decision, known) {
            decision = self.decisions.restore(&known).await?;
        }
        match &decision {
            Some(Decision {
                paused: true,
                by,
                reason,
                ..
            }) => {
                let why = words::kept!("paused by {by}: {reason}");
                self.gate.close(Pause::Operator, why);
            }
            _ => self.gate.open(Pause::Operator),
        }
        *self.known() = decision;
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Decision>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Obeys until shutdown.
pub(crate) async fn obey(obedience: Obedience, shutdown: Shutdown) {
    loop {
        if let Err(error) = obedience.look().await {
            tracing::debug!(%error, "the last known decision about the stage stands");
        }
        if !shutdown.sleep(EVERY).await {
            return;
        }
    }
}
