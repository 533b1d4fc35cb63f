//! The keys of the extractor that are about what has to be listed again.

use super::Namespace;

impl Namespace {
    /// Hash of JSON: where listed rows named no customer.
    #[must_use]
    pub fn damaged_key(&self) -> String {
        self.key("extract:damaged")
    }
}
