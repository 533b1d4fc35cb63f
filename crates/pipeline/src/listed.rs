//! When a checkpoint was the present. It is a time of OKKI's clock, which may be ahead of ours, or behind, or put back; how old
//! it is can be said by our clocks alone. So they are asked when a window is frozen, and the answer is kept beside the
//! checkpoint that it belongs to: one that a person has set has none.

/// Field of the hash of live runs.
pub const FIELD: &str = "seen";

/// What is kept.
#[must_use]
pub fn kept(checkpoint: i64, at_ms: i64) -> String {
    format!("{checkpoint} {at_ms}")
}

/// When this checkpoint was the present, unix milliseconds; where nothing else is known it is its own time.
#[must_use]
pub fn at_ms(checkpoint: i64, kept: Option<&str>) -> i64 {
    let known = kept.and_then(|kept| kept.split_once(' '));
    let known = known.filter(|(of, _)| of.parse() == Ok(checkpoint));
    let known = known.and_then(|(_, at_ms)| at_ms.parse().ok());
    known
        .filter(|at_ms| *at_ms > 0)
        .unwrap_or(checkpoint.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_counts_for_its_own_checkpoint() {
        let seen = kept(1_000, 9_000_000);
        assert_eq!(at_ms(1_000, Some(&seen)), 9_000_000);
        for (checkpoint, seen) in [
            (1_001, Some(&*seen)),
            (1_001, None),
            (1_001, Some("x")),
            (1_001, Some("1001 x")),
        ] {
            assert_eq!(at_ms(checkpoint, seen), 1_001_000, "{seen:?}");
        }
        assert_eq!(at_ms(5, Some(&kept(5, 0))), 5_000, "a run of before");
    }
}
