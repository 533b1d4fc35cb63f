//! What a keeper is doing, for those who ask how far its answers go.

use pipeline::stage::Stage;
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

/// What a keeper is doing.
#[derive(Debug, Default)]
pub struct State {
    following: AtomicBool,
    caught_up: AtomicBool,
    /// Times that it began anew.
    begun: AtomicU64,
    wanted: [AtomicBool; 3],
    /// Somebody wants to see a letter that was not seen yet.
    looked_for: [AtomicBool; 3],
    behind: Mutex<Behind>,
}

/// Since when answers are old, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    /// When they were those of that moment, unix milliseconds; `None`: never since the process began.
    pub as_of: Option<i64>,
    /// What keeps it from following, in English; `None`: it reads.
    pub why: Option<String>,
}

impl State {
    /// Whether it follows the stream and has read all that was there, so that its answers are those of now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.following.load(Relaxed) && self.caught_up.load(Relaxed)
    }

    /// Since when its answers are old, and why; `None`: they are those of now.
    #[must_use]
    pub fn behind(&self) -> Option<Behind> {
        (!self.is_current()).then(|| self.lock().clone())
    }

    /// It does not follow any more; whether that is news, since something was written last.
    pub(super) fn fails(&self, why: String) -> bool {
        self.lock().why.replace(why).is_none()
    }

    /// Something was written; whether that is news, after it had failed.
    pub(super) fn has_written(&self) -> bool {
        self.lock().why.take().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Behind> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it has thrown everything away.
    #[must_use]
    pub fn begun_anew(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    pub(super) fn follows(&self, follows: bool) {
        if !follows && self.is_current() {
            self.lock().as_of = Some(now());
        }
        self.following.store(follows, Relaxed);
        if !follows {
            self.caught_up.store(false, Relaxed);
        }
    }

    pub(super) fn has_caught_up(&self) {
        self.caught_up.store(true, Relaxed);
    }

    pub(super) fn began_anew(&self) {
        self.lock().as_of = None;
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

    /// Somebody has opened a letter that was not seen in its queue yet: it is looked at soon.
    pub fn look_for(&self, stage: Stage) {
        if let Some(looked_for) = self.looked_for.get(stage as usize) {
            looked_for.store(true, Relaxed);
        }
    }

    pub(super) fn is_looked_for(&self, stage: Stage) -> bool {
        self.looked_for
            .get(stage as usize)
            .is_some_and(|looked_for| looked_for.load(Relaxed))
    }

    pub(super) fn walk_begins(&self, stage: Stage) {
        if let Some(looked_for) = self.looked_for.get(stage as usize) {
            looked_for.store(false, Relaxed);
        }
        if let Some(wanted) = self.wanted.get(stage as usize) {
            wanted.store(false, Relaxed);
        }
    }
}

/// Unix milliseconds.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_opens_a_letter_has_it_looked_at_once() {
        let state = State::default();
        state.look_for(Stage::Load);
        assert!(state.is_looked_for(Stage::Load) && !state.is_looked_for(Stage::Extract));
        state.walk_begins(Stage::Load);
        assert!(!state.is_looked_for(Stage::Load));
    }

    #[test]
    fn answers_say_since_when_they_are_old_and_why() {
        let state = State::default();
        let behind = |as_of: Option<i64>, why: Option<&str>| {
            let found = state.behind().unwrap();
            assert_eq!(
                (found.as_of.is_some(), found.why.as_deref()),
                (as_of.is_some(), why)
            );
        };
        behind(None, None);
        state.follows(true);
        state.has_caught_up();
        assert_eq!(state.behind(), None);
        state.follows(false);
        assert!(state.fails("no space left".into()));
        behind(Some(0), Some("no space left"));
        // A stream that can be opened again says nothing of a disk that is full.
        state.follows(true);
        behind(Some(0), Some("no space left"));
        state.follows(false);
        assert!(!state.fails("no space left".into()), "it is told once");
        state.follows(true);
        assert!(state.has_written() && !state.has_written());
        state.has_caught_up();
        assert_eq!(state.behind(), None);
        state.follows(false);
        assert!(
            state.fails("again".into()),
            "and again after something was written"
        );
    }
}
