//! How large the heavy tests are when somebody runs them by hand.

/// The variable's number, or the usual one.
pub fn sized(name: &str, usual: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
