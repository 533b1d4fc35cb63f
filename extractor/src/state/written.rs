//! What a leader's write goes by, and what has become of it.

/// What a writer of a kind of run goes by; the script compares it with what Redis holds.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) fence: u64,
    /// This fence was written before, so it has to be there.
    pub(super) has_begun: bool,
    /// The checkpoint that was read; `*` for none that matters.
    pub(super) checkpoint: String,
}

impl Writer {
    /// Goes by nothing but its fence.
    pub(super) fn any(fence: u64) -> Self {
        Self {
            fence,
            has_begun: false,
            checkpoint: "*".to_owned(),
        }
    }

    /// Goes on with what it has begun.
    pub(super) fn goes_on(self) -> Self {
        Self {
            has_begun: true,
            ..self
        }
    }

    /// Goes by the checkpoint that it has read.
    pub(super) fn read(fence: u64, checkpoint: Option<i64>) -> Self {
        Self {
            checkpoint: checkpoint.map_or_else(String::new, |seconds| seconds.to_string()),
            ..Self::any(fence)
        }
    }
}

/// What has become of a leader's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Written {
    /// It is there.
    Yes,
    /// A newer leader has written.
    NewerLeader,
    /// Redis no longer holds what the writer went by: it was emptied meanwhile, or is one of before.
    Forgotten,
}
