//! The two figures that bound how close calls may come together.

use std::time::Duration;

/// Share of a window that is kept free; see the module's documentation for what it pays for.
pub(super) const SLACK: f64 = 0.017;
/// How close a slot must be to be taken: the caller sleeps this last bit with the slot in hand.
pub(super) const EARLY: Duration = Duration::from_millis(2);
