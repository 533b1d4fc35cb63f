//! How large the heavy tests are when they are run by hand.

/// The variable's number, or the usual one.
#[expect(
    clippy::disallowed_methods,
    reason = "a size by hand is no setting of a program"
)]
pub(crate) fn sized(name: &str, usual: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
