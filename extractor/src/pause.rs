//! From an OKKI error to a pause of the whole stage: for which reason, with which message, and with which probe.
//!
//! "An outage is not a failure": what would refuse every customer alike closes the gate, and a probe asks
//! OKKI for one row until it answers. What a person has to change is said once as an error.

use crate::okki::{Client, Error, chain};
use pipeline::{gate::Pause, service::Runtime};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Pauses {
    rt: Runtime,
    client: Arc<Client>,
    /// Workers meet the same refusal together; one of them reports it.
    reporting: Mutex<()>,
}

impl Pauses {
    /// Starts without a pause.
    #[must_use]
    pub(crate) fn new(rt: Runtime, client: Arc<Client>) -> Self {
        Self {
            rt,
            client,
            reporting: Mutex::default(),
        }
    }

    /// Pauses the stage because of `error`, which `what` ran into.
    pub(crate) fn pause(&self, what: &str, error: &Error) {
        let detail = format!("{what}: {}", chain(error));
        match error {
            Error::Store(error) => self.rt.redis_lost(error),
            // Live work goes on.
            Error::Quota(error) if error.live_goes_on_until().is_some() => {}
            Error::Quota(pipeline::quota::Error::Store(error)) => self.rt.redis_lost(error),
            Error::Auth { .. } | Error::Permission { .. } => {
                self.needs_person(Pause::Credentials, what, error)
            }
            Error::Business { .. } => self.needs_person(Pause::Configuration, what, error),
            Error::RateLimited { .. } | Error::Quota(_) => self.until_answered(Pause::Quota, detail),
            Error::Outage(_) | Error::Garbled(_) | Error::Shape(_) | Error::NotFound { .. } => {
                self.until_answered(Pause::Outage, detail);
            }
        }
    }

    fn needs_person(&self, reason: Pause, what: &str, error: &Error) {
        let _one_at_a_time = self.reporting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.rt.gate.pauses().iter().any(|pause| pause.reason == reason) {
            tracing::error!(
                reason = reason.name(),
                error = chain(error),
                "cannot {what} until a person acts"
            );
        }
        let detail = format!("{what}: {}", chain(error));
        let client = Arc::clone(&self.client);
        self.rt.gate.close_until(reason, detail, move || {
            let client = Arc::clone(&client);
            // A scope that was granted meanwhile is in new tokens only.
            async move { client.renew_token().await.is_ok() && client.answers().await }
        });
    }

    fn until_answered(&self, reason: Pause, detail: String) {
        let client = Arc::clone(&self.client);
        self.rt.gate.close_until(reason, detail, move || {
            let client = Arc::clone(&client);
            async move { client.answers().await }
        });
    }
}
