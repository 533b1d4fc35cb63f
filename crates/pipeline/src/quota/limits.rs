//! The figures that bound how close calls may come together, and how long they may be waited for.

use std::time::Duration;

/// Share of a window that is kept free; see the module's documentation for what it pays for.
pub(super) const SLACK: f64 = 0.017;
/// How close a slot must be to be taken: the caller sleeps this last bit with the slot in hand.
pub(super) const EARLY: Duration = Duration::from_millis(2);
/// A caller holds a message; the pause for which it waits at most, before the stage is paused instead.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A call that has not left yet is told to Redis this often, far more often than in every window.
pub(super) const HOVER: Duration = Duration::from_millis(200);
/// No vendor closes a bucket for longer, whatever it says.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(36 * 3600);

/// Of buckets whose calls may follow each other faster than this, questions are so far apart that one is answered for several calls: a call waits a moment
/// that is nothing to it, and Redis answers a fraction of the questions.
pub(super) const FAST: Duration = Duration::from_millis(1);
pub(super) const FAST_GAP: Duration = Duration::from_millis(3);
