//! A breaker that has tripped for one kind of write while others succeed: the stage is not paused for it.

use std::time::Instant;

use pipeline::gate::Pause;

use super::{Breaker, Kinds as _, LATELY};
use crate::ledger::Kind;

const KINDS: [Kind; 3] = [Kind::Create, Kind::Update, Kind::Remove];

/// Whether a kind of write waits while others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrowed {
    /// From now on.
    Now,
    /// Already.
    Before,
    /// Nothing else is known to succeed.
    Not,
}

impl Breaker {
    /// Whether writes of another kind have succeeded so lately that a tripped one waits alone.
    pub(crate) fn narrow(&self, kind: Kind) -> Narrowed {
        let Some(since) = Instant::now().checked_sub(LATELY) else {
            return Narrowed::Not;
        };
        let mut kinds = self.lock();
        let others = KINDS.iter().filter(|other| **other != kind);
        let succeeds = others
            .copied()
            .any(|other| kinds.of(other).has_succeeded_since(since));
        match &mut kinds.of(kind).tripped {
            Some(tripped) if tripped.narrow => Narrowed::Before,
            Some(tripped) if succeeds => {
                tripped.narrow = true;
                Narrowed::Now
            }
            _ => Narrowed::Not,
        }
    }

    /// A request of this kind has succeeded: the other kinds for which the whole stage is paused, and the pauses that
    /// end with that.
    pub(crate) fn narrow_others(&self, succeeded: Kind) -> Vec<(Kind, Pause)> {
        let mut kinds = self.lock();
        let mut narrowed = Vec::new();
        for kind in KINDS.into_iter().filter(|kind| *kind != succeeded) {
            if let Some(tripped) = kinds.of(kind).tripped.as_mut().filter(|tripped| !tripped.narrow) {
                tripped.narrow = true;
                narrowed.push((kind, tripped.pause));
            }
        }
        narrowed.retain(|(_, pause)| !kinds.iter().any(|state| state.is_paused_for(*pause)));
        narrowed
    }

    /// Whether only requests of this kind wait.
    pub(crate) fn is_narrow(&self, kind: Kind) -> bool {
        let mut kinds = self.lock();
        kinds
            .of(kind)
            .tripped
            .as_ref()
            .is_some_and(|tripped| tripped.narrow)
    }

    /// The kinds of write that wait while others go on, and why.
    pub(crate) fn held(&self) -> Vec<(Kind, String)> {
        let mut kinds = self.lock();
        let held = |kind: Kind| {
            let tripped = kinds.of(kind).tripped.as_ref().filter(|tripped| tripped.narrow)?;
            Some((kind, tripped.detail.clone()))
        };
        KINDS.into_iter().filter_map(held).collect()
    }
}
