//! What people without OKKI's credentials want of the extractor, done with the machinery of the schedules and commands: list
//! now, these customers, a period, a comparison.
//!
//! Whatever is under way here may be dropped at any moment and be done again by another replica: runs and comparisons go on
//! where they were, and customers that are fetched twice are written once. When an operator lets the stage rest, a wish
//! goes back into the list.

mod behind;
mod customers;
mod now;
mod trouble;

use crate::{
    commands::reconcile::Wished,
    leader::Leader,
    run::Runner,
    state::{RunKind, State},
};
use pipeline::{
    lease::Lease,
    service::Runtime,
    store,
    wish::{Servant, Served, Taken, WishKind, serve},
};
use std::{sync::Arc, time::Duration};

/// How long a wish stays with a replica that says nothing.
const TERM: Duration = Duration::from_secs(10);
/// How often it is looked whether a lease is free, or how far something is.
const POLL: Duration = Duration::from_secs(1);

/// Does what is wished of the extractor.
pub(crate) struct Wishes {
    rt: Runtime,
    live: Arc<Leader>,
    runner: Arc<Runner>,
    state: State,
    compared: Wished,
}

impl Wishes {
    /// Lists as the leader of live runs does.
    pub(crate) fn new(live: Arc<Leader>, compared: Wished) -> Self {
        Self {
            rt: compared.rt.clone(),
            runner: Arc::clone(&live.runner),
            state: live.state.clone(),
            live,
            compared,
        }
    }

    /// Until shutdown.
    pub(crate) async fn serve(self) {
        let lanes = vec!["list-now", "customers", "period", "reconcile"];
        let server = self.rt.server(lanes, TERM);
        serve(server, self).await;
    }

    async fn lease(&self, kind: RunKind) -> Result<Option<Lease>, store::Error> {
        let key = self.state.lease_key(kind);
        Lease::acquire(&self.rt.store, key, &self.rt.instance, self.compared.ttl).await
    }
}

impl Servant for Wishes {
    async fn serve(&self, taken: &Taken) -> Served {
        match &taken.wish.kind {
            WishKind::ListNow => self.list_now(taken).await,
            WishKind::Customers { ids } => self.customers(taken, ids).await,
            WishKind::Period { from, to } => self.period(taken, *from, *to).await,
            WishKind::Reconcile { fix } => self.reconcile(taken, *fix).await,
            _ => Served::PutBack,
        }
    }
}
