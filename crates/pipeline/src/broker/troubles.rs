//! What is wrong with the broker, part by part, and what takes each trouble away: the gate is closed while any stands.
//!
//! Consuming is its own probe, for the consumer goes on connecting behind a closed gate. Publishing is not: nothing is
//! published while the stage is paused, and whoever watched the blocked connection dies with it. So a prober publishes.

use super::{
    call::{answered, depth, within},
    connection::Broker,
    error::{Error, PublishError},
};
use crate::{cause::chain, gate::Pause, retry::Backoff};
use lapin::{
    BasicProperties, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::task::AbortOnDropHandle;

/// Standing troubles and the prober of publishing.
#[derive(Default)]
pub(super) struct Troubles(Mutex<State>);

#[derive(Default)]
struct State {
    standing: BTreeMap<&'static str, String>,
    prober: Option<AbortOnDropHandle<()>>,
    /// Of the last prober, and when it succeeded: a trouble that comes straight back waits on where it stopped.
    recent: Option<(Backoff, Instant)>,
}

/// How often publishing is probed.
const PROBE_MIN: Duration = Duration::from_millis(200);
const PROBE_MAX: Duration = Duration::from_secs(10);
/// A trouble that comes back within this time is the same one.
const SAME_TROUBLE: Duration = Duration::from_secs(60);

const CONSUME: &str = "consume";
const PUBLISH: &str = "publish";

impl Broker {
    /// The consumer has lost its connection, or with `None` has one again; it goes on trying by itself.
    pub(crate) fn consuming(&self, trouble: Option<String>) {
        let mut state = self.lock();
        match trouble {
            Some(detail) => state.standing.insert(CONSUME, detail),
            None => state.standing.remove(CONSUME),
        };
        self.show(&state);
    }

    /// The broker says that it takes messages again, on the connection that it blocked.
    pub(super) fn publishes_again(&self) {
        let mut state = self.lock();
        state.standing.remove(PUBLISH);
        state.prober = None;
        self.show(&state);
    }

    /// The broker takes no messages; a prober publishes until it does.
    pub(super) fn blocks_publishing(&self, reason: &str) {
        self.cannot_publish(format!("the broker blocks publishing: {reason}"), None);
    }

    /// What a batch caused was not taken. A prober finds out when it would be, so that no batch is handled in vain.
    pub(crate) fn refused_publish(&self, error: &PublishError) {
        let queue = match error {
            PublishError::Unroutable(queue) => Some(queue.clone()),
            PublishError::Unconfirmed(_) | PublishError::Refused(_) | PublishError::TooLarge { .. } => None,
        };
        self.cannot_publish(chain(error), queue);
    }

    fn cannot_publish(&self, detail: String, missing: Option<String>) {
        let mut state = self.lock();
        state.standing.insert(PUBLISH, detail);
        self.show(&state);
        let probing = state.prober.as_ref().is_some_and(|prober| !prober.is_finished());
        if !probing {
            let backoff = match state.recent.take() {
                Some((used, ended)) if ended.elapsed() < SAME_TROUBLE => used,
                _ => Backoff::new(PROBE_MIN, PROBE_MAX),
            };
            let prober = tokio::spawn(probe(self.clone(), missing, backoff));
            state.prober = Some(AbortOnDropHandle::new(prober));
        }
    }

    fn show(&self, state: &State) {
        match state.standing.iter().next() {
            Some((part, detail)) => self.gate().close(Pause::Broker, format!("{part}: {detail}")),
            None => self.gate().open(Pause::Broker),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.troubles().0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until a message was confirmed, or the process ends.
async fn probe(broker: Broker, missing: Option<String>, mut backoff: Backoff) {
    loop {
        if !broker.shutdown().sleep(backoff.next_delay()).await {
            return;
        }
        match publish_once(&broker, missing.as_deref()).await {
            Ok(()) => break,
            Err(error) => tracing::debug!(error = chain(&error), "the broker takes no message yet"),
        }
    }
    let mut state = broker.lock();
    state.standing.remove(PUBLISH);
    state.recent = Some((backoff, Instant::now()));
    // This task ends by itself; dropping its handle must not abort it halfway.
    if let Some(prober) = state.prober.take() {
        drop(prober.detach());
    }
    broker.show(&state);
}

/// A message that the broker confirms and drops, for no queue has that name; under an alarm the confirm comes when it is
/// over, so one connection waits for it instead of many.
async fn publish_once(broker: &Broker, missing: Option<&str>) -> Result<(), Error> {
    let connection = broker.connect("probe").await?;
    let channel = within(connection.create_channel()).await?;
    answered(&channel, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    let nowhere = broker.namespace().probe_queue();
    let publish = async {
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish(
            "".into(),
            nowhere.as_str().into(),
            options,
            &[],
            BasicProperties::default(),
        );
        sent.await?.await
    };
    let confirmed = answered(&channel, publish).await?;
    if !matches!(confirmed, Confirmation::Ack(None)) {
        return Err(Error::Ended);
    }
    if let Some(queue) = missing {
        depth(&channel, queue).await?;
    }
    within(connection.close(200, "it takes messages".into())).await
}
