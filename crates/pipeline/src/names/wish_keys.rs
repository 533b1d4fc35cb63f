//! Redis keys of wishes, and of what was decided about stages.

use super::Namespace;

impl Namespace {
    /// What the scripts about wishes work on: what each wish's hash begins with; sorted sets of all wishes and of the open
    /// ones, by when they were asked for; hash: lane → when it was at work last.
    #[must_use]
    pub(crate) fn wish_keys(&self) -> [String; 4] {
        ["wish:", "wishes", "wishes:open", "wishes:lanes"].map(|tail| self.key(tail))
    }

    /// Hash: stage → whether it rests, since when, and who has decided that.
    #[must_use]
    pub(crate) fn decisions_key(&self) -> String {
        self.key("decisions")
    }
}
