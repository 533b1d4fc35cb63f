//! The OAuth token: fetched when first needed, shared through Redis, renewed once however many workers see a 401.
//!
//! Inside a process a mutex lets one worker fetch; between processes a lease does. A worker that waited reads the shared
//! token again before fetching, so the refusal of token A makes exactly one replica ask for token B. The stored
//! expiry is not believed against a refusal, for the server may revoke early (docs/okki-api.md §2).

mod granted;

use super::{error::Error, seal::Seal, time};
use granted::Stored;
pub(crate) use granted::Token;
pub(super) use granted::can_be_sent;
use pipeline::{
    lease::Lease,
    names::AccountKeys,
    setting::Secret,
    store::{self, Store},
};
use std::{
    sync::{Arc, Mutex as Lock, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// A failed renewal is the answer to everybody who asks this soon after it.
const FAILURE_LASTS: Duration = Duration::from_secs(1);
/// A replica that was killed while it fetched keeps the others waiting for so long; who lives renews.
const LEASE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

/// Fetches a token from the vendor.
pub(crate) trait Fetch {
    fn fetch(&self) -> impl Future<Output = Result<Token, Error>> + Send;
}

/// The tokens of one client of the vendor.
pub(crate) struct Tokens {
    shared: Option<Shared>,
    local: Lock<Option<Arc<Token>>>,
    /// The one before, which was replaced by its age, and not refused.
    before: Lock<Option<Arc<Token>>>,
    renewal: Mutex<Option<(Instant, String, String)>>,
}

struct Shared {
    store: Store,
    seal: Seal,
    key: String,
    lease: String,
    owner: String,
}

impl Tokens {
    /// Kept in this process only.
    #[must_use]
    pub(crate) fn alone() -> Self {
        Self {
            shared: None,
            local: Lock::default(),
            before: Lock::default(),
            renewal: Mutex::default(),
        }
    }

    /// Shared through Redis by everybody who uses the account, sealed with a key made of the client's id and secret.
    #[must_use]
    pub(crate) fn shared(
        store: Store,
        keys: &AccountKeys,
        owner: String,
        client_id: &str,
        secret: &Secret,
    ) -> Self {
        let key = keys.token();
        let Some(seal) = Seal::new(client_id, secret.expose(), &key) else {
            return Self::alone();
        };
        let lease = keys.token_lease();
        let shared = Shared {
            store,
            seal,
            key,
            lease,
            owner,
        };
        Self {
            shared: Some(shared),
            ..Self::alone()
        }
    }

    /// A token that should work.
    pub(crate) async fn current(&self, vendor: &impl Fetch) -> Result<Arc<Token>, Error> {
        match self.local().filter(|token| token.is_fresh()) {
            Some(token) => Ok(token),
            None => self.obtain(vendor, None).await,
        }
    }

    /// A new token whatever there is, to try the credentials; everybody who shares tokens finds it when the vendor refuses
    /// theirs.
    pub(crate) async fn replace(&self, vendor: &impl Fetch) -> Result<(), Error> {
        let token = match &self.shared {
            Some(shared) => Box::pin(shared.fetch(vendor)).await?,
            None => Box::pin(vendor.fetch()).await?,
        };
        *self.local.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(token));
        Ok(())
    }

    /// A token other than the one that was refused.
    pub(crate) async fn renew(&self, vendor: &impl Fetch, refused: &Token) -> Result<Arc<Token>, Error> {
        self.obtain(vendor, Some(refused)).await
    }

    async fn obtain(&self, vendor: &impl Fetch, refused: Option<&Token>) -> Result<Arc<Token>, Error> {
        let mut failure = self.renewal.lock().await;
        let usable = |token: &Token| token.is_fresh() && refused != Some(token);
        if let Some(token) = self.local().filter(|token| usable(token)) {
            return Ok(token);
        }
        if let Some((at, code, message)) = failure.as_ref().filter(|(at, ..)| at.elapsed() < FAILURE_LASTS) {
            tracing::debug!(
                age_ms = at.elapsed().as_millis() as u64,
                "the token was refused a moment ago"
            );
            return Err(Error::Auth {
                code: code.clone(),
                message: message.clone(),
            });
        }
        // Boxed: a call that renews its token awaits a whole call of its own, and both would lie on one stack.
        let obtained = match &self.shared {
            Some(shared) => Box::pin(shared.obtain(vendor, usable)).await,
            None => Box::pin(vendor.fetch()).await,
        };
        *failure = match &obtained {
            Err(Error::Auth { code, message }) => Some((Instant::now(), code.clone(), message.clone())),
            _ => None,
        };
        let token = Arc::new(obtained?);
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = local.replace(Arc::clone(&token));
        let good = replaced.filter(|before| *before != token && refused != Some(&**before));
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = good;
        Ok(token)
    }

    /// The token before this one, as long as the vendor has not ended it: it may be known where this one is not yet.
    pub(crate) fn before(&self, token: &Token) -> Option<Arc<Token>> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).clone();
        before.filter(|before| &**before != token && before.ends_ms > time::now_ms())
    }

    /// The token of before is refused, too.
    pub(crate) fn forget_before(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn local(&self) -> Option<Arc<Token>> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// Takes the shared token, or fetches one as the only replica that does.
    async fn obtain(&self, vendor: &impl Fetch, usable: impl Fn(&Token) -> bool) -> Result<Token, Error> {
        loop {
            if let Some(token) = self.read().await?.filter(|token| usable(token)) {
                return Ok(token);
            }
            let lease = Lease::acquire(&self.store, self.lease.clone(), &self.owner, LEASE).await?;
            let Some(lease) = lease else {
                tokio::time::sleep(POLL).await;
                continue;
            };
            // Somebody may have fetched between our reading and our lease.
            let token = match self.read().await?.filter(|token| usable(token)) {
                Some(token) => Ok(token),
                None => self.fetch_under(&lease, vendor).await,
            };
            if let Err(error) = lease.release().await {
                tracing::debug!(
                    error = pipeline::cause::logged(&error),
                    "renewal lease not released"
                );
            }
            return token;
        }
    }

    /// Whoever loses the lease meanwhile fetches all the same: another token beside it harms nobody.
    async fn fetch_under(&self, lease: &Lease, vendor: &impl Fetch) -> Result<Token, Error> {
        let renewing = async {
            lease.lost().await;
            std::future::pending().await
        };
        tokio::select! {
            token = self.fetch(vendor) => token,
            never = renewing => never,
        }
    }

    async fn fetch(&self, vendor: &impl Fetch) -> Result<Token, Error> {
        let token = vendor.fetch().await?;
        tracing::info!(
            usable_s = (token.fresh_until - time::now_ms()) / 1_000,
            "okki token fetched"
        );
        if let Err(error) = self.write(&token).await {
            tracing::warn!(error = pipeline::cause::logged(&error), "okki token not shared");
        }
        Ok(token)
    }

    /// A text that does not open was sealed by another secret, and counts as none.
    async fn read(&self) -> Result<Option<Token>, store::Error> {
        let mut connection = self.store.connection_for(&self.key).await?;
        let sealed: Option<Vec<u8>> = redis::cmd("GET")
            .arg(&self.key)
            .query_async(&mut *connection)
            .await?;
        let plain = sealed.and_then(|sealed| self.seal.open(&sealed));
        let stored = plain.and_then(|plain| serde_json::from_slice::<Stored>(&plain).ok());
        let stored = stored.filter(|stored| can_be_sent(&stored.token));
        Ok(stored.map(Token::from))
    }

    async fn write(&self, token: &Token) -> Result<(), store::Error> {
        let stored = Stored::from(token);
        let plain = serde_json::to_vec(&stored).unwrap_or_default();
        let Some(sealed) = self.seal.seal(&plain) else {
            return Ok(());
        };
        let lives = (token.fresh_until - time::now_ms()).max(1);
        let mut connection = self.store.connection_for(&self.key).await?;
        redis::cmd("SET")
            .arg(&self.key)
            .arg(sealed)
            .arg("PX")
            .arg(lives)
            .query_async::<()>(&mut *connection)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    impl Tokens {
        /// Makes the token one that was granted long ago.
        pub(crate) fn grow_up(&self) {
            self.change(|token| token.granted_ms = 0);
        }

        /// Makes it as old as one that is not used any more, and still good.
        pub(crate) fn age(&self) {
            self.change(|token| (token.granted_ms, token.fresh_until) = (0, 0));
        }

        fn change(&self, change: impl FnOnce(&mut Token)) {
            let mut local = self.local.lock().unwrap();
            let mut token = (**local.as_ref().unwrap()).clone();
            change(&mut token);
            *local = Some(Arc::new(token));
        }
    }

    struct Vendor(AtomicU32);

    impl Fetch for Vendor {
        async fn fetch(&self) -> Result<Token, Error> {
            let n = self.0.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if n >= 2 {
                return Err(Error::Auth {
                    code: "invalid_client".into(),
                    message: String::new(),
                });
            }
            Ok(Token::new(format!("t{n}"), time::now_ms(), 28_800_000))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_workers_fetch_one_token_and_renew_it_once() {
        let (tokens, vendor) = (Tokens::alone(), Vendor(AtomicU32::new(0)));
        let first = futures::future::join_all((0..20).map(|_| tokens.current(&vendor))).await;
        let first = first.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(vendor.0.load(Ordering::SeqCst), 1);
        let second = futures::future::join_all(first.iter().map(|token| tokens.renew(&vendor, token))).await;
        assert!(
            second
                .iter()
                .all(|token| token.as_ref().unwrap().secret.expose() == "t1")
        );
        assert_eq!(vendor.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_renewal_is_everybodys_answer() {
        let (tokens, vendor) = (Tokens::alone(), Vendor(AtomicU32::new(2)));
        let all = futures::future::join_all((0..20).map(|_| tokens.current(&vendor))).await;
        assert!(all.iter().all(|token| matches!(token, Err(Error::Auth { .. }))));
        assert_eq!(vendor.0.load(Ordering::SeqCst), 3);
    }
}
