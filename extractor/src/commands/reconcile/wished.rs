//! A comparison that somebody has asked a running extractor for.

use super::{Comparison, others, scheduled::AT_MOST};
use crate::{okki::Client, outage, run::RunSettings};
use pipeline::{comparison::By, service::Runtime};
use std::{sync::Arc, time::Duration};

/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What it works with.
pub(crate) struct Wished {
    /// The process.
    pub rt: Runtime,
    /// OKKI.
    pub client: Arc<Client>,
    /// What is listed, and from when on.
    pub settings: RunSettings,
    /// Life of the lease.
    pub ttl: Duration,
}

/// What it has come to.
pub(crate) struct Compared {
    /// Customers that OKKI lists.
    pub listed: u64,
    /// Of them, those whose listed state was loaded.
    pub current: u64,
    /// Customers that differ and for which nothing was done.
    pub open: u64,
    /// Customers that are fetched again, or handed to the loader as gone.
    pub fixed: u64,
    /// What to do about those that are open.
    pub remedies: String,
}

impl Wished {
    /// Who is at a comparison now.
    pub(crate) async fn others(&self) -> String {
        others::at_work(&self.rt).await.to_string()
    }

    /// Compares up to the end, or goes on with a comparison that was broken off; `None`: another one is at work.
    pub(crate) async fn compare(&self, fix: bool, tell: impl Fn(String)) -> anyhow::Result<Option<Compared>> {
        let Some(lease) = Comparison::lease(&self.rt, &self.settings, self.ttl, (fix, By::Wish)).await?
        else {
            return Ok(None);
        };
        let mut comparison = Comparison::new(
            self.rt.clone(),
            Arc::clone(&self.client),
            self.settings.clone(),
            (lease, self.ttl),
            (fix, AT_MOST),
        );
        let bar = comparison.bar.clone();
        let compared = {
            let mut comparing = std::pin::pin!(comparison.compare_all(false));
            loop {
                tokio::select! {
                    compared = &mut comparing => break compared,
                    () = tokio::time::sleep(TELL_EVERY) => tell(bar.message()),
                }
            }
        };
        outage::released(comparison.lease).await;
        let findings = compared?;
        Ok(Some(Compared {
            listed: findings.listed,
            current: findings.current,
            open: findings.open(),
            fixed: findings.handled(),
            remedies: findings.remedies(AT_MOST),
        }))
    }
}
