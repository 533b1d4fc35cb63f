//! A browser together with the lease that keeps others from browsing the same queue at the same time, and with what a
//! look puts in order ([`super::guard`]).

use super::{
    browser::{Browser, Taken},
    guard::Guard,
};
use crate::{
    error::{Error, Result},
    transit::Holder,
    workspace::Workspace,
};
use std::ops::ControlFlow;

/// Browses letters while no other operator does.
pub struct GuardedBrowser {
    browser: Browser,
    workspace: Workspace,
    /// `None` when Redis is away: then nothing is put in order.
    guard: Option<Guard>,
    holders: Vec<Holder>,
    seen_all: bool,
}

impl GuardedBrowser {
    pub(crate) fn new(
        workspace: Workspace,
        browser: Browser,
        guard: Option<Guard>,
        holders: Vec<Holder>,
    ) -> Self {
        Self {
            browser,
            workspace,
            guard,
            holders,
            seen_all: false,
        }
    }

    /// The next letter in queue order, each once; `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Taken>> {
        while let Some(taken) = self.browser.next().await? {
            let Some(guard) = &mut self.guard else {
                return Ok(Some(taken));
            };
            if !guard.takes_away(&self.workspace, &taken).await {
                return Ok(Some(taken));
            }
        }
        self.seen_all = true;
        Ok(None)
    }

    /// Hands out letter after letter until `visit` breaks off or the operator wants to stop, and closes in any case, so that
    /// the letters return in their order.
    ///
    /// # Errors
    /// What `visit` answers; [`Error::Interrupted`]; when the broker goes away.
    pub async fn walk(mut self, mut visit: impl AsyncFnMut(Taken) -> Result<ControlFlow<()>>) -> Result<()> {
        let walked = self.visit(&mut visit).await;
        let closed = self.close().await;
        walked?;
        closed
    }

    /// As [`Self::walk`], with the letters in hand at its end.
    pub(crate) async fn visit(
        &mut self,
        visit: &mut impl AsyncFnMut(Taken) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        loop {
            if self.workspace.stop.is_requested() {
                return Err(Error::Interrupted(words::text!(
                    "everything is where it was, in its order"
                )));
            }
            let Some(taken) = self.next().await? else {
                return Ok(());
            };
            if visit(taken).await?.is_break() {
                return Ok(());
            }
        }
    }

    /// As [`Browser::unseen`].
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.browser.unseen()
    }

    /// In words, who may hold letters that cannot be seen here.
    #[must_use]
    pub fn withheld(&self) -> Option<String> {
        let names: Vec<_> = self.holders.iter().map(|holder| holder.by.as_str()).collect();
        (!names.is_empty()).then(|| {
            words::tr!(
                "{} does not answer and may hold letters; they come back within a minute",
                names.join(" and ")
            )
        })
    }

    /// Whether letters that killed operations were moving have not been seen yet, or nothing is known of that.
    #[must_use]
    pub(crate) fn expects_leftovers(&self) -> bool {
        self.guard
            .as_ref()
            .is_none_or(|guard| !guard.leftovers.is_empty())
    }

    /// As [`Browser::want`].
    pub(crate) fn want(&mut self, letters: u64) {
        self.browser.want(letters);
    }

    /// As [`Browser::keep`].
    pub(crate) fn keep(&mut self, bytes: usize) {
        self.browser.keep(bytes);
    }

    /// As [`Browser::rewind`].
    pub(crate) fn rewind(&mut self) -> bool {
        let again = self.browser.rewind();
        if let Some(guard) = self.guard.as_mut().filter(|_| again) {
            guard.seen.clear();
        }
        self.seen_all &= !again;
        again
    }

    /// As [`Browser::held`].
    pub(crate) fn held(&self) -> u32 {
        self.browser.held()
    }

    /// Letters are about to be moved: nobody else may look by now. A process that stood still has lost its lease and perhaps
    /// its letters, which another operator may have moved meanwhile; it would copy them once more.
    ///
    /// # Errors
    /// When the lease is lost.
    pub(crate) fn still_guarded(&self) -> Result<()> {
        match self.guard.as_ref().is_none_or(|guard| guard.lease.held()) {
            true => Ok(()),
            false => Err(Error::Outlasted),
        }
    }

    /// As [`Browser::flush`].
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> Result<()> {
        Ok(self.browser.flush().await?)
    }

    /// Returns what was taken and not removed, and lets others browse.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> Result<()> {
        let closed = self.browser.close().await;
        if let Some(guard) = self.guard {
            guard.end(&self.workspace, closed.is_ok(), self.seen_all).await;
        }
        Ok(closed?)
    }
}
