//! What a keeper is doing, for those who ask how far its answers go.

use pipeline::stage::Stage;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What a keeper is doing.
#[derive(Debug, Default)]
pub struct State {
    following: AtomicBool,
    caught_up: AtomicBool,
    /// Times that it began anew.
    begun: AtomicU64,
    wanted: [AtomicBool; 3],
}

impl State {
    /// Whether it follows the stream and has read all that was there, so that its answers are those of now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.following.load(Relaxed) && self.caught_up.load(Relaxed)
    }

    /// How often it has thrown everything away.
    #[must_use]
    pub fn begun_anew(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    pub(super) fn follows(&self, follows: bool) {
        self.following.store(follows, Relaxed);
        if !follows {
            self.caught_up.store(false, Relaxed);
        }
    }

    pub(super) fn has_caught_up(&self) {
        self.caught_up.store(true, Relaxed);
    }

    pub(super) fn began_anew(&self) {
        self.caught_up.store(false, Relaxed);
        self.begun.fetch_add(1, Relaxed);
    }

    /// The stream has a gap: what is known of letters has to be compared with the queues.
    pub(super) fn want_walks(&self) {
        self.wanted.iter().for_each(|wanted| wanted.store(true, Relaxed));
    }

    pub(super) fn want_walk(&self, stage: Stage) {
        if let Some(wanted) = self.wanted.get(stage as usize) {
            wanted.store(true, Relaxed);
        }
    }

    pub(super) fn is_walk_wanted(&self, stage: Stage) -> bool {
        self.wanted
            .get(stage as usize)
            .is_some_and(|wanted| wanted.load(Relaxed))
    }

    pub(super) fn walk_begins(&self, stage: Stage) {
        if let Some(wanted) = self.wanted.get(stage as usize) {
            wanted.store(false, Relaxed);
        }
    }
}

/// Unix milliseconds.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
