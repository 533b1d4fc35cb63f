//! Leases: those of this process's batches are renewed, and batches whose loader is dead are taken over and finished.

use std::time::Duration;

use pipeline::quota::Lane;
use pipeline::telemetry::names;
use serde_json::json;

use super::Writer;
use super::commit::MemberEnd;
use crate::failpoint;
use crate::ledger::{Error, heartbeat};
use crate::vendor::Patience;

/// How often Redis is asked for batches whose lease is over.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Renews the leases of the live batches until the process ends.
pub(crate) async fn beat(writer: Writer) {
    let mut beats = tokio::time::interval(heartbeat(writer.ledger.lease()));
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        writer
            .runtime
            .status
            .set("pace", json!(writer.vendor.client.company.pace.standing()));
        match writer.registry.renew(&writer.ledger).await {
            Err(Error::NoIndex) => writer.index.lost(),
            Err(error) => tracing::debug!(error = %error, "leases are not renewed"),
            Ok(()) => {}
        }
    }
}

/// Finishes batches whose loader is dead and whose messages no loader has taken yet.
pub(crate) async fn sweep(writer: Writer) {
    while writer.runtime.shutdown.sleep(SWEEP_EVERY).await {
        if !writer.runtime.gate.is_open() || !writer.index.is_known() || !writer.keyless.is_clear() {
            continue;
        }
        match writer.ledger.orphans(1).await {
            Ok(batches) => {
                for batch in batches {
                    // `false` only says that it has to wait; the next sweep finds it again.
                    writer
                        .take_over(&batch, Patience::new(writer.settings.patience))
                        .await;
                }
            }
            Err(error) => drop(writer.ledger_failed(&error)),
        }
    }
}

impl Writer {
    /// Takes over a batch that a dead loader, or an earlier handling by this one, left behind, and finishes it.
    /// `false` when it could not be finished now.
    pub(crate) async fn take_over(&self, batch: &str, patience: Patience) -> bool {
        // A task of this process that works on it already finishes it.
        let Some(mut live) = self.registry.announce(batch) else {
            return true;
        };
        failpoint::hit("takeover-before").await;
        // Ours, and not live: it was put off when the stage paused.
        let taken = match self.ledger.take_over(batch, true).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return true,
            Err(error) => return !matches!(self.ledger_failed(&error), MemberEnd::Held),
        };
        live.granted(taken.fence, taken.time_ms);
        failpoint::hit("takeover-after").await;
        tracing::info!(
            batch,
            rows = taken.members.len(),
            of_another_loader = taken.of_another,
            "finishing a batch that was left behind"
        );
        metrics::counter!(names::LOADER_BATCHES_TAKEN_OVER).increment(u64::from(taken.of_another));
        let ends = self
            .write(&self.work(&live, patience, Lane::Live, false), taken.members)
            .await;
        !ends.iter().any(|(_, end)| matches!(end, MemberEnd::Held))
    }
}
