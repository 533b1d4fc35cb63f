//! From an OKKI error to a pause of the whole stage: which reason, in which words, and what opens the gate again.
//!
//! "An outage is not a failure": whatever would refuse every customer alike closes the gate, with a probe that asks
//! OKKI for one row until it answers.

use crate::okki::{Client, Error, PageRequest, chain};
use pipeline::{gate::Pause, quota::Lane, service::Runtime};
use std::sync::Arc;

/// Pauses the stage because of `error`, which `what` ran into.
pub fn hold(rt: &Runtime, client: &Arc<Client>, what: &str, error: &Error) {
    let detail = format!("{what}: {}", chain(error));
    match error {
        Error::Store(error) => rt.redis_lost(error),
        Error::Auth { .. } | Error::Permission { .. } => {
            let client = Arc::clone(client);
            rt.gate.hold(Pause::Credentials, detail, move || {
                let client = Arc::clone(&client);
                // A scope that was granted meanwhile is in new tokens only.
                async move { client.renew_token().await.is_ok() && answers(&client).await }
            });
        }
        Error::RateLimited { .. } | Error::Quota(_) => hold_for(rt, client, Pause::Quota, detail),
        Error::Business { .. } => hold_for(rt, client, Pause::Configuration, detail),
        Error::Outage(_) | Error::Shape(_) | Error::NotFound { .. } => {
            hold_for(rt, client, Pause::Outage, detail)
        }
    }
}

fn hold_for(rt: &Runtime, client: &Arc<Client>, reason: Pause, detail: String) {
    let client = Arc::clone(client);
    rt.gate.hold(reason, detail, move || {
        let client = Arc::clone(&client);
        async move { answers(&client).await }
    });
}

/// Asks for one row.
pub async fn answers(client: &Client) -> bool {
    let request = PageRequest {
        start: None,
        end: None,
        page: 1,
        count: 1,
        removed: false,
    };
    match client.page(Lane::Live, &request).await {
        Ok(_) => true,
        Err(error) => {
            tracing::debug!(error = chain(&error), "okki probe");
            false
        }
    }
}
