//! The workspace of one operator: which stage, who works on it, and that only one operator browses at a time.
//!
//! Two browsers at a time would take each other's returned letters and so change their order; the second waits.

use super::{
    browse::{
        browser::Browser,
        guard::{Guard, Swept},
        guarded::GuardedBrowser,
    },
    error::{Error, Result},
    lease::{RenewedLease, TERM},
    plan::plans::Plans,
    transit::{Leftovers, Presence, leftovers, others},
};

use pipeline::{cause::logged, lease::Lease, service::Runtime, shutdown::Shutdown, stage::Stage};

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

/// How long another operator's browser is waited for; a pass of a replay is shorter.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(120);

/// Where dead letters are worked on.
#[derive(Clone)]
pub struct Workspace {
    /// Queues, Redis, shutdown.
    pub rt: Runtime,
    /// Whose letters.
    pub stage: Stage,
    /// Who works on them, for the audit log.
    pub operator: String,
    /// The request to end what is done here; until somebody sets another one, that of the process.
    pub stop: Shutdown,
    /// Called with one line of text when another operator's browser has to be waited for.
    pub notice: fn(&str),
}

impl Workspace {
    /// The workspace of the user of the operating system.
    #[must_use]
    pub fn new(rt: Runtime, stage: Stage) -> Self {
        Self {
            stop: rt.shutdown.clone(),
            rt,
            stage,
            operator: os_user(),
            notice: |_| {},
        }
    }

    /// The plans of the namespace, which remember what this operator changes.
    #[must_use]
    pub fn plans(&self) -> Plans {
        let by = format!("{} on {}", self.operator, self.rt.instance);
        Plans::new(self.rt.store.clone(), self.rt.namespace.clone()).changed_by(by)
    }

    /// Browses the stage's dead letters while no other operator does; those who wait see `purpose`.
    ///
    /// # Errors
    /// When the broker is away, or another operator browses for too long.
    pub async fn browse(&self, purpose: &str) -> Result<GuardedBrowser> {
        self.browse_at(self.stage, false, purpose).await
    }

    /// The same for the dead letters or the archive of any stage.
    pub(crate) async fn browse_at(
        &self,
        stage: Stage,
        archive: bool,
        purpose: &str,
    ) -> Result<GuardedBrowser> {
        let key = self.rt.namespace.browse_lease_key(stage, archive);
        let lease = self.lease_in_time(key, purpose, WAIT_FOR_OTHERS).await?;
        let left = match &lease {
            Some(_) => leftovers(self, stage, archive).await?,
            None => Leftovers::default(),
        };
        let browser = if archive {
            Browser::open_archive(&self.rt.broker, stage).await?
        } else {
            Browser::open(&self.rt.broker, stage).await?
        };
        let Some(lease) = lease else {
            return Ok(GuardedBrowser::new(self.clone(), browser, None, Vec::new()));
        };
        let key = self.rt.namespace.holders_key(stage, archive);
        let mut holders = others(&self.rt.store, &key).await?;
        let alone = holders.is_empty() && !browser.held_elsewhere();
        if !browser.held_elsewhere() {
            // Whoever is known here was killed, and what it held is back.
            holders.clear();
        }
        let presence = Presence::enter(&self.rt.store, key, self.owner(purpose), browser.unseen()).await?;
        let guard = Guard {
            lease,
            stage,
            archive,
            leftovers: left,
            presence,
            alone,
            seen: HashSet::new(),
            swept: Swept::default(),
            bundles: false,
        };
        Ok(GuardedBrowser::new(self.clone(), browser, Some(guard), holders))
    }

    /// `None` when Redis is away: browsing alone needs no Redis, and only a second browser at the same time could
    /// disturb.
    pub(crate) async fn lease_in_time(
        &self,
        key: String,
        purpose: &str,
        patience: Duration,
    ) -> Result<Option<RenewedLease>> {
        let begin = Instant::now();
        let mut notified = false;
        loop {
            match Lease::acquire(&self.rt.store, key.clone(), &self.owner(purpose), TERM).await {
                Ok(Some(lease)) => return Ok(Some(RenewedLease::new(lease))),
                Ok(None) => {}
                Err(error) if error.is_outage() => {
                    tracing::warn!(
                        error = logged(&error),
                        "Redis is away; make sure that no other operator browses these letters now"
                    );
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
            if begin.elapsed() > patience {
                let by = self.holder(&key).await;
                return Err(Error::Browsed { by });
            }
            if !notified && begin.elapsed() > TERM {
                (self.notice)(&words::tr!(
                    "waiting for {} to close the letters",
                    self.holder(&key).await
                ));
                notified = true;
            }
            if !self.stop.sleep(Duration::from_millis(50)).await {
                return Err(Error::Interrupted(words::text!("nothing was moved")));
            }
        }
    }

    /// Name of this workspace in leases.
    pub(crate) fn owner(&self, purpose: &str) -> String {
        format!("{} on {} ({purpose})", self.operator, self.rt.instance)
    }

    /// Who holds a lease, in words.
    pub(crate) async fn holder(&self, key: &str) -> String {
        let unknown = || "another operator".to_owned();
        let Ok(mut connection) = self.rt.store.connection().await else {
            return unknown();
        };
        let value: Option<String> = redis::cmd("GET")
            .arg(key)
            .query_async(&mut *connection)
            .await
            .unwrap_or_default();
        // The value ends with the fence, which is for machines.
        value
            .and_then(|value| value.rsplit_once(' ').map(|(owner, _)| owner.to_owned()))
            .unwrap_or_else(unknown)
    }
}

/// Name of the user of the operating system; a container's user often has none, and is its number then.
#[must_use]
pub fn os_user() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == id).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {id}"))
}
