//! What programs of different versions share through broker and Redis, in numbers: each grows when a version can no longer
//! work beside the one before, and every replica says in its heartbeat which ones it has.
//!
//! `doctor --upgrade` compares them, because two builds may have the same version, and two versions mostly get on.

use crate::stage::Stage;
use std::collections::BTreeMap;

/// Something that programs share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    /// In heartbeats.
    pub(crate) name: &'static str,
    /// Of this version; what a heartbeat does not name is the first one.
    pub(crate) generation: u32,
    pub(crate) mix: Mix,
    /// The stages whose programs share it.
    pub(crate) stages: &'static [Stage],
    /// What happens when two generations of it run at the same time.
    pub(crate) effect: &'static str,
}

/// What may run beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// All replicas of one generation end before the first of another begins.
    Never,
    /// Any order is safe; consumers before who publishes to them keeps messages from waiting.
    ConsumersFirst,
}

const ACCOUNTS: &str =
    words::mark!("they count calls to vendors in different places, and together they exceed the limits");

/// Grows by an entry of CHANGELOG that says what may not run beside each other.
pub(crate) const ALL: [Shared; 4] = [
    Shared {
        name: "index",
        generation: 2,
        mix: Mix::Never,
        stages: &[Stage::Load],
        effect: words::mark!("they keep the index of the form differently, and each begins it anew in turn"),
    },
    Shared {
        name: "accounts",
        generation: 2,
        mix: Mix::Never,
        stages: &[Stage::Extract],
        effect: ACCOUNTS,
    },
    // Of another vendor: an older extractor beside a newer loader exceeds nothing.
    Shared {
        name: "accounts",
        generation: 2,
        mix: Mix::Never,
        stages: &[Stage::Load],
        effect: ACCOUNTS,
    },
    Shared {
        name: "messages",
        generation: 2,
        mix: Mix::ConsumersFirst,
        stages: &Stage::ALL,
        effect: words::mark!(
            "messages of the newer ones wait in retry queues until their consumers are newer, too"
        ),
    },
];

/// Those of this version, for its heartbeat.
pub(crate) fn ours() -> BTreeMap<String, u32> {
    ALL.iter()
        .map(|shared| (shared.name.to_owned(), shared.generation))
        .collect()
}

impl Shared {
    /// The generation of who says this.
    pub(crate) fn of(&self, said: &BTreeMap<String, u32>) -> u32 {
        said.get(self.name).copied().unwrap_or(1)
    }

    /// Whether this program shares it.
    pub(crate) fn is_shared_by(&self, program: &str) -> bool {
        self.stages.iter().any(|stage| stage.program() == program)
    }
}
