//! A client for commands that make a handful of calls. They count like everybody's calls wherever Redis can be asked; without
//! it no replica works either, so a person may still try credentials before there is one.

use crate::{
    okki::{Client, Pace, Tokens},
    settings::OkkiConfig,
};
use anyhow::Context;
use pipeline::{
    accounting::Account,
    config::{SharedArgs, SharedConfig},
    http::{self, HttpConfig},
    names::Namespace,
    quota::Quota,
    service::Runtime,
    store::Store,
};
use std::time::Duration;

/// How long Redis may take; the whole command answers within a few seconds.
const REDIS_PATIENCE: Duration = Duration::from_secs(3);

/// Where quotas and tokens are shared.
pub(super) struct Place {
    store: Store,
    namespace: Namespace,
    accounts: Namespace,
}

impl Place {
    /// `None` when no Redis is named.
    pub(super) fn named(args: SharedArgs) -> anyhow::Result<Option<Self>> {
        if !args.names_redis() {
            return Ok(None);
        }
        let shared = SharedConfig::try_from(args)?;
        Ok(Some(Self {
            store: Store::connect(&shared.redis)?,
            namespace: shared.namespace,
            accounts: shared.accounts,
        }))
    }

    pub(super) fn of(rt: &Runtime) -> Self {
        Self {
            store: rt.store.clone(),
            namespace: rt.namespace.clone(),
            accounts: rt.accounts.clone(),
        }
    }

    /// Customers that were listed so far; none when Redis does not say.
    pub(super) async fn listed(&self) -> u64 {
        let account = Account::new(self.store.clone(), self.namespace.clone());
        match tokio::time::timeout(REDIS_PATIENCE, account.total()).await {
            Ok(Ok(total)) => total.listed,
            _ => 0,
        }
    }

    /// Whether Redis can be asked; says so if not.
    async fn is_usable(&self) -> bool {
        let probe = tokio::time::timeout(REDIS_PATIENCE, self.store.probe(&self.accounts, true));
        let problem = match probe.await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.explain(),
            Err(_) => words::tr!("no answer within {REDIS_PATIENCE:?}"),
        };
        eprintln!(
            "{}",
            words::tr!("the calls of this command are not counted: {problem}")
        );
        false
    }
}

/// A client that shares token and quota if it can.
pub(super) async fn client(
    okki: &OkkiConfig,
    http: &HttpConfig,
    place: Option<Place>,
) -> anyhow::Result<Client> {
    let http =
        http::Client::without_redirects(http.clone()).with_context(|| words::tr!("build the HTTP client"))?;
    let usable = match place {
        Some(place) if place.is_usable().await => Some(place),
        _ => None,
    };
    let (tokens, pace) = match usable {
        Some(Place {
            store,
            namespace,
            accounts,
        }) => {
            let owner = format!("{namespace} command {}", uuid::Uuid::new_v4());
            let keys = accounts.account_keys(&okki.account);
            let (id, secret) = (&okki.client.client_id, &okki.client.client_secret);
            let quota = Quota::new(store.clone(), &accounts, &okki.account, &namespace);
            (
                Tokens::shared(store, &keys, owner, id, secret),
                Pace::shared(quota, okki.bucket.clone()),
            )
        }
        None => (Tokens::alone(), Pace::alone(okki.bucket.per_second)),
    };
    Ok(Client::new(http, okki.client.clone(), tokens, pace))
}
