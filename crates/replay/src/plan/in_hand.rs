//! Letters that stay in hand between the making of a plan and its run.

use crate::{
    browse::{browser::Taken, filter::Filter, guarded::GuardedBrowser},
    error::Result,
};
use pipeline::cause::logged;
use std::ops::ControlFlow;

/// Bytes of bodies that may be kept in memory for it; what is more returns to its place.
const MOST: usize = 64_000_000;

/// Whether letters shall stay in hand, and those that do.
#[derive(Default)]
pub(super) struct InHand {
    wanted: bool,
    browser: Option<GuardedBrowser>,
}

impl InHand {
    pub(super) const fn wanted() -> Self {
        Self {
            wanted: true,
            browser: None,
        }
    }

    /// Walks, and begins again with the first letter where that is wanted and possible; else everything returns.
    pub(super) async fn walk(
        &mut self,
        mut browser: GuardedBrowser,
        filter: &Filter,
        visit: &mut impl AsyncFnMut(Taken) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if self.wanted {
            browser.keep(MOST);
            // What is never taken need not be returned.
            if !browser.expects_leftovers() {
                browser.want(filter.limit.unwrap_or(u64::MAX));
            }
        }
        let walked = browser.visit(visit).await;
        if walked.is_ok() && browser.rewind() {
            self.browser = Some(browser);
            return Ok(());
        }
        let closed = browser.close().await;
        walked?;
        closed
    }

    /// What is in hand, or `None`, and it is back in its place, when no plan was made of it.
    pub(super) async fn unless_failed(self, made: bool) -> Option<GuardedBrowser> {
        if made {
            return self.browser;
        }
        give_back(self.browser).await;
        None
    }
}

/// Returns what is in hand to its place.
pub(super) async fn give_back(in_hand: Option<GuardedBrowser>) {
    let Some(browser) = in_hand else { return };
    if let Err(error) = browser.close().await {
        // The broker returns it all the same, at the end of the queue.
        tracing::debug!(
            error = logged(&error),
            "the letters in hand were not returned in their order"
        );
    }
}
