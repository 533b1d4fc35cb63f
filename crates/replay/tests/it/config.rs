//! Where these tests find their broker, and what a process that one of them has started is told.

/// Variables by which a test tells its child what to do.
pub const NAMESPACE: &str = "OKKI_TEST_NAMESPACE";
pub const PLAN: &str = "OKKI_TEST_PLAN";

/// What this process was told by the test that started it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reaches the child it starts in no other way"
)]
pub fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sizes by hand: `OKKI_TEST_LETTERS=100000`.
pub fn letters(usual: usize) -> usize {
    told("OKKI_TEST_LETTERS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// Kills by hand: `OKKI_TEST_KILLS=50`.
pub fn kills(usual: usize) -> usize {
    told("OKKI_TEST_KILLS")
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
