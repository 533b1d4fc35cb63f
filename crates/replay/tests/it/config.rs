//! Settings of these tests, and those that a test passes to a process that it starts.

/// Variables by which a test tells its child what to do.
pub(crate) const NAMESPACE: &str = "OKKI_TEST_NAMESPACE";
pub(crate) const PLAN: &str = "OKKI_TEST_PLAN";

/// A setting from the test that started this process.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reaches the child it starts in no other way"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sizes by hand: `OKKI_TEST_LETTERS=100000`.
pub(crate) fn letters(usual: usize) -> usize {
    setting("OKKI_TEST_LETTERS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// Kills by hand: `OKKI_TEST_KILLS=50`.
pub(crate) fn kills(usual: usize) -> usize {
    setting("OKKI_TEST_KILLS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
