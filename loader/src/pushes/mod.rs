//! What people do to rows, as Jiandaoyun pushes it (数据推送, docs/jiandaoyun-api.md §7): known at once, without a walk.
//!
//! ```text
//! listener ─► receive: signature, age, form ─► inbox (Redis) ─► 2xx
//!                                                │ one entry a row, whichever loader takes it
//!                            look: the form ◄────┴─► ledger::touched ─► the index is true, and the policy is done
//! ```
//!
//! A push is a hint and no more: it may be forged by who knows the secret, late, doubled, or lost, so that nothing is
//! written or forgotten before the row itself was read. What is lost is found as it would be without pushes: by the next
//! record of the customer, or by the walk over the form. Dealing with a hint twice changes nothing.

pub(crate) mod config;
mod counts;
mod deal;
mod inbox;
mod look;
mod owners;
mod parse;
mod receive;
mod sift;
mod signature;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use pipeline::webhook::Listener;
use serde_json::json;
use tokio::sync::Notify;

use crate::keyless::Seen;
use crate::write::Writer;
use config::PushConfig;
use counts::Counts;
use inbox::Inbox;
use owners::Owners;

/// How often Redis is asked for hints that other loaders have noted; its own ones wake a loader up.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Hears pushes, and deals with them.
pub(crate) struct Pushes {
    writer: Writer,
    config: PushConfig,
    inbox: Inbox,
    counts: Counts,
    owners: Owners,
    wake: Notify,
}

impl Pushes {
    /// Nothing is heard before [`Pushes::hear`].
    pub(crate) fn new(writer: Writer, config: PushConfig) -> Arc<Self> {
        let inbox = Inbox::new(writer.runtime.store.clone(), writer.ledger.names());
        let pushes = Arc::new(Self {
            writer,
            config,
            inbox,
            counts: Counts::default(),
            owners: Owners::default(),
            wake: Notify::new(),
        });
        let shown = Arc::downgrade(&pushes);
        pushes.writer.runtime.status.compute("pushes", move || {
            shown
                .upgrade()
                .map_or(json!(null), |pushes| pushes.counts.shown())
        });
        pushes
    }

    /// Answers until the process is asked to end.
    pub(crate) async fn hear(self: Arc<Self>, listener: Listener) {
        let shutdown = self.writer.runtime.shutdown.clone();
        listener.serve(self, shutdown).await;
    }

    /// Deals with what was pushed, to this loader or another one, until the process ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        let writer = &self.writer;
        loop {
            tokio::select! {
                going = writer.runtime.shutdown.sleep(POLL_EVERY) => if !going { return },
                () = self.wake.notified() => {}
            }
            self.hear_of_keyless().await;
            while writer.runtime.gate.is_open() && writer.index.is_known() {
                let Some(rest) = self.deal().await else { break };
                if !writer.runtime.shutdown.sleep(rest).await {
                    return;
                }
            }
        }
    }

    /// Another loader may have been told of a row without a key.
    async fn hear_of_keyless(&self) {
        let keyless = &self.writer.keyless;
        if !keyless.is_clear() || !self.writer.index.is_known() {
            return;
        }
        match keyless.memory().seen().await {
            Ok(Some(Seen::Some)) => keyless.told(),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "Redis does not say whether rows are without a key"),
        }
    }
}
