//! What is wrong with the broker, part by part, and the prober that is to find out when publishing works again.

use crate::{
    gate::{Gate, Pause},
    retry::Backoff,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::task::AbortOnDropHandle;

/// How often publishing is probed.
const PROBE_MIN: Duration = Duration::from_millis(200);
const PROBE_MAX: Duration = Duration::from_secs(10);
/// A trouble that comes back within this time is the same one.
const SAME_TROUBLE: Duration = Duration::from_secs(60);

const CONSUME: &str = "consume";
const PUBLISH: &str = "publish";

/// Standing troubles; the gate is closed while there is one.
pub(super) struct Troubles {
    gate: Gate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    standing: BTreeMap<&'static str, String>,
    prober: Option<AbortOnDropHandle<()>>,
    /// Of the last prober, and when it succeeded: a trouble that comes straight back waits on where it stopped.
    recent: Option<(Backoff, Instant)>,
}

impl Troubles {
    pub(super) fn new(gate: Gate) -> Self {
        Self {
            gate,
            state: Mutex::default(),
        }
    }

    /// Consuming does not work, or with `None` does again. The consumer goes on trying by itself.
    pub(super) fn consuming(&self, trouble: Option<String>) {
        self.change(|state| match trouble {
            Some(detail) => drop(state.standing.insert(CONSUME, detail)),
            None => drop(state.standing.remove(CONSUME)),
        });
    }

    /// Publishing does not work. `probe` starts a prober, with these waits, unless there is one.
    pub(super) fn publishing(&self, detail: String, probe: impl FnOnce(Backoff) -> AbortOnDropHandle<()>) {
        self.change(|state| {
            state.standing.insert(PUBLISH, detail);
            if state.prober.as_ref().is_some_and(|prober| !prober.is_finished()) {
                return;
            }
            let backoff = match state.recent.take() {
                Some((used, ended)) if ended.elapsed() < SAME_TROUBLE => used,
                _ => Backoff::new(PROBE_MIN, PROBE_MAX),
            };
            state.prober = Some(probe(backoff));
        });
    }

    /// Publishing works again, as a prober found out with these waits, or as the broker itself says.
    pub(super) fn publishes(&self, probed: Option<Backoff>) {
        self.change(|state| {
            state.standing.remove(PUBLISH);
            match (probed, state.prober.take()) {
                (Some(backoff), prober) => {
                    state.recent = Some((backoff, Instant::now()));
                    // The prober itself says so, and must not be aborted on its way out.
                    drop(prober.map(AbortOnDropHandle::detach));
                }
                (None, prober) => drop(prober),
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        match state.standing.iter().next() {
            Some((part, detail)) => self.gate.close(Pause::Broker, format!("{part}: {detail}")),
            None => self.gate.open(Pause::Broker),
        }
    }
}
