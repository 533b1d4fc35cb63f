//! A browser together with the lease that keeps others from browsing the same queue at the same time.

use super::browser::{Browser, Taken};
use crate::lease::RenewedLease;

/// Browses letters while no other operator does.
pub struct GuardedBrowser {
    browser: Browser,
    lease: Option<RenewedLease>,
}

impl GuardedBrowser {
    pub(crate) fn new(browser: Browser, lease: Option<RenewedLease>) -> Self {
        Self { browser, lease }
    }

    /// As [`Browser::next`].
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> anyhow::Result<Option<Taken>> {
        Ok(self.browser.next().await?)
    }

    /// As [`Browser::unseen`].
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.browser.unseen()
    }

    /// As [`Browser::flush`].
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> anyhow::Result<()> {
        Ok(self.browser.flush().await?)
    }

    /// Returns what was taken and not removed, and lets others browse.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> anyhow::Result<()> {
        let closed = self.browser.close().await;
        if let Some(lease) = self.lease {
            lease.release().await;
        }
        Ok(closed?)
    }
}
