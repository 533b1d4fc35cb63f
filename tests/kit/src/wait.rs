//! Waiting for a state instead of for a time: the only way a test may wait.

use std::time::{Duration, Instant};

/// Between the first two polls; doubled up to [`POLL`].
const FIRST_POLL: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_millis(200);

/// A machine that does other work, too, may take this many times as long as a wait is meant to last.
const BUSY: u32 = 3;

/// Polls `probe` until it answers `Ok`. Its `Err` says what was seen instead, for the panic of a wait that took much
/// longer than `limit`.
pub async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let (start, limit) = (Instant::now(), limit * BUSY);
    let mut pause = FIRST_POLL;
    loop {
        let seen = match probe().await {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(
            start.elapsed() <= limit,
            "not within {limit:?}: {what}; last seen: {seen}"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLL);
    }
}

/// An observation in the form that [`eventually`] asks for.
pub fn expect(fulfilled: bool, seen: impl FnOnce() -> String) -> Result<(), String> {
    if fulfilled { Ok(()) } else { Err(seen()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_until_the_answer_is_yes() {
        let mut polls = 0;
        let value = eventually(Duration::from_secs(5), "the third poll", async || {
            polls += 1;
            if polls == 3 {
                Ok("seen")
            } else {
                Err(format!("poll {polls}"))
            }
        })
        .await;
        assert_eq!((value, polls), ("seen", 3));
    }

    #[tokio::test]
    #[should_panic(expected = "not within 30ms: the impossible; last seen: nothing")]
    async fn says_what_was_seen_when_time_is_up() {
        eventually::<()>(Duration::from_millis(10), "the impossible", async || {
            Err("nothing".into())
        })
        .await;
    }
}
