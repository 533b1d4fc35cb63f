//! What the command line can ask for; each command is a short story over the other modules.

mod brief;
pub(crate) mod check;
pub(crate) mod checked;
pub(crate) mod checkpoint;
pub(crate) mod doctor;
pub(crate) mod fetch;
pub(crate) mod fields;
mod kept;
pub(crate) mod reconcile;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod set_up;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod webhook;

use crate::{
    handler::FetchHandler,
    okki::{Client, Pace, Tokens},
    pause::Pauses,
    settings::OkkiConfig,
    state::State,
};
use anyhow::Context;
use pipeline::{
    consumer::{self, ConsumerOptions},
    http::{self, HttpConfig},
    service::Runtime,
    stage::Stage,
};
use std::{sync::Arc, time::Duration};

/// Batches that a replica works on at the same time: the next one begins while the last calls of one are awaited.
const BATCHES: usize = 3;

/// A client that shares token and quota with everybody who uses the account.
fn shared_client(rt: &Runtime, okki: &OkkiConfig, http: &HttpConfig) -> anyhow::Result<Arc<Client>> {
    let http =
        http::Client::without_redirects(http.clone()).with_context(|| words::tr!("build the HTTP client"))?;
    let tokens = Tokens::shared(
        rt.store.clone(),
        &rt.accounts.account_keys(&okki.account),
        format!("{} {}", rt.namespace, rt.instance),
        &okki.client.client_id,
        &okki.client.client_secret,
    );
    let pace = Pace::shared(rt.quota(&okki.account), okki.bucket.clone());
    Ok(Arc::new(Client::new(http, okki.client.clone(), tokens, pace)))
}

/// Fetches details until shutdown.
async fn fetch_details(
    rt: Runtime,
    client: Arc<Client>,
    pauses: Arc<Pauses>,
    concurrency: usize,
    removals: bool,
    skip: bool,
) -> Result<(), consumer::Error> {
    let state = State::new(rt.store.clone(), rt.namespace.clone());
    let handler = Arc::new(FetchHandler::new(
        rt.clone(),
        client,
        pauses,
        state,
        removals,
        skip,
    ));
    let options = ConsumerOptions {
        stage: Stage::Extract,
        // Small batches: the first snapshot should not wait for the last call of a large one.
        batch_max: concurrency,
        linger: Duration::from_millis(20),
        concurrency: BATCHES,
    };
    consumer::run(&rt, options, handler).await
}
