//! The three stages of the flow and the order in which records pass them.

use std::fmt;

/// A stage: one queue, one handler, one dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Customer references waiting for their details to be fetched.
    Extract,
    /// Customer snapshots waiting to be mapped.
    Transform,
    /// Form records waiting to be written.
    Load,
}

impl Stage {
    /// All stages in flow order.
    pub const ALL: [Self; 3] = [Self::Extract, Self::Transform, Self::Load];

    /// The stage's word in queue names, headers and metric labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Load => "load",
        }
    }

    /// The stage of this word; `None`: that of a newer version, or none.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == word)
    }

    /// The program that does its work.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Extract => "extractor",
            Self::Transform => "transformer",
            Self::Load => "loader",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
