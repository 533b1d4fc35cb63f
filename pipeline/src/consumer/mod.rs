//! The shared consumer: takes deliveries, forms batches, lets the handler work, publishes, confirms, acknowledges.
//!
//! Nothing is acknowledged before what it caused is durable (I1), nothing is returned to the broker because of an
//! outage (I6), and a message that kills its consumer is tried alone until the broker's delivery limit takes it (I7).

mod batch;
mod books;
mod failed;
mod give_back;
mod inflight;
mod intake;
mod sampler;
mod session;
mod unit;

use crate::{broker, gate::Pause, handler::Handler, retry::Backoff, service::Runtime, stage::Stage};
use std::{sync::Arc, time::Duration};
use tokio_util::task::AbortOnDropHandle;

const RECONNECT_MIN: Duration = Duration::from_millis(200);
const RECONNECT_MAX: Duration = Duration::from_secs(15);

/// How a stage takes its messages.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerOptions {
    /// The stage whose work queue is consumed.
    pub stage: Stage,
    /// Messages in one call of the handler, at most.
    pub batch_max: usize,
    /// How long the first message of a batch waits for company.
    pub linger: Duration,
    /// Batches handled at the same time.
    pub concurrency: usize,
}

impl ConsumerOptions {
    /// Deliveries that may be unacknowledged: every batch at work and one that is being formed (§3.1-14); quorum
    /// queues allow 2,000.
    fn prefetch(self) -> u16 {
        let wanted = self
            .batch_max
            .saturating_mul(self.concurrency.saturating_add(1))
            .clamp(2, 2_000);
        u16::try_from(wanted).unwrap_or(2_000)
    }
}

/// Why a consumer gave up for good.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A fault that waiting cannot cure.
    #[error(transparent)]
    Broker(#[from] broker::Error),
}

/// Consumes until shutdown; a lost broker is waited for, and everything unacknowledged then comes again.
///
/// # Errors
/// Only when the topology contradicts what this version needs.
pub async fn run<H: Handler>(rt: &Runtime, options: ConsumerOptions, handler: Arc<H>) -> Result<(), Error> {
    let mut backoff = Backoff::new(RECONNECT_MIN, RECONNECT_MAX);
    let in_flight = inflight::InFlight::default();
    let sampler = tokio::spawn(sampler::run(rt.clone(), options.stage, in_flight.clone()));
    let _sampler = AbortOnDropHandle::new(sampler);
    while !rt.shutdown.is_requested() {
        let mut connected = false;
        match session::run(rt, options, Arc::clone(&handler), &in_flight, || {
            connected = true;
            rt.broker.trouble("consume", None);
            rt.gate.open(Pause::Starting);
        })
        .await
        {
            Ok(session::End::Drained) => break,
            Ok(session::End::Quarantine) => backoff.reset(),
            Ok(session::End::Paused) => {
                tokio::select! {
                    () = rt.gate.opened() => {}
                    () = rt.shutdown.requested() => {}
                }
            }
            Err(error) if error.is_permanent() => return Err(error.into()),
            Err(error) => {
                if connected {
                    backoff.reset();
                }
                rt.broker.trouble("consume", Some(error.to_string()));
                tokio::select! {
                    () = backoff.wait() => {}
                    () = rt.shutdown.requested() => {}
                }
            }
        }
    }
    Ok(())
}
