//! One consumer for the life of the process: sessions one after the other, and the sampler beside them.

use super::{inflight::InFlight, options::ConsumerOptions, sampler, session};
use crate::{
    broker::{self, policies::Policies},
    cause::{chain, logged},
    gate::Pause,
    handler::Handler,
    retry::Backoff,
    service::Runtime,
    stage::Stage,
};
use std::{sync::Arc, time::Duration};
use tokio_util::task::AbortOnDropHandle;

const RECONNECT_MIN: Duration = Duration::from_millis(200);
const RECONNECT_MAX: Duration = Duration::from_secs(15);
/// How often the management plugin is asked until it answers.
const POLICIES_AGAIN: Duration = Duration::from_secs(60);

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
    let in_flight = InFlight::of(options.stage);
    let sampler = tokio::spawn(sampler::run(rt.clone(), options.stage, in_flight.clone()));
    let _sampler = AbortOnDropHandle::new(sampler);
    let policies = tokio::spawn(warn_of_policies(rt.clone(), options.stage));
    let _policies = AbortOnDropHandle::new(policies);
    while !rt.shutdown.is_requested() {
        let mut connected = false;
        match session::run(rt, options, Arc::clone(&handler), &in_flight, || {
            connected = true;
            rt.broker.consuming(None);
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
                rt.broker.consuming(Some(chain(&error)));
                tokio::select! {
                    () = backoff.wait() => {}
                    () = rt.shutdown.requested() => {}
                }
            }
        }
    }
    rt.events.finish().await;
    Ok(())
}

/// Says once at the start which policies could drop messages, if the broker's management plugin can be asked.
async fn warn_of_policies(rt: Runtime, stage: Stage) {
    loop {
        match rt.broker.policies(stage).await {
            Ok(Policies::Unseen) => return,
            Ok(Policies::Dangers(dangers)) => {
                for danger in dangers {
                    tracing::error!(%stage, danger, "a policy of the broker could drop messages");
                }
                return;
            }
            Err(error) => tracing::debug!(error = logged(&error), "policies are not known yet"),
        }
        if !rt.shutdown.sleep(POLICIES_AGAIN).await {
            return;
        }
    }
}
