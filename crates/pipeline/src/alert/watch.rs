//! Turns the gate's pauses into problems.

use super::alerts::Alerts;
use crate::{
    gate::{Gate, Pause},
    shutdown::Shutdown,
};
use std::{collections::BTreeSet, time::Duration};

/// A pause that begins and ends between two polls is none that people have to know.
const POLL: Duration = Duration::from_secs(1);

/// Reports pauses and their ends until shutdown. Starting is no problem, an index that is being rebuilt is work, and what an
/// operator has decided is known.
pub async fn watch_gate(gate: Gate, alerts: Alerts, shutdown: Shutdown) {
    let mut paused = BTreeSet::new();
    loop {
        let mut standing = BTreeSet::new();
        for pause in gate.pauses() {
            if matches!(
                pause.reason,
                Pause::Starting | Pause::Index | Pause::Operator | Pause::Setup
            ) {
                continue;
            }
            alerts.paused(pause.reason, &pause.detail);
            standing.insert(pause.reason);
        }
        for over in paused.difference(&standing) {
            alerts.clear(format!("paused:{}", over.name()));
        }
        paused = standing;
        if !shutdown.sleep(POLL).await {
            return;
        }
    }
}
