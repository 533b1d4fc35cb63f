//! Waiting for a state instead of for a time: the only way a test may wait.

use std::time::{Duration, Instant};

const FIRST_LOOK: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(200);

/// Asks `probe` until it answers `Ok`. Its `Err` says what was seen instead, which ends up in the panic of a wait
/// that took longer than `limit`.
pub async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let start = Instant::now();
    let mut pause = FIRST_LOOK;
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
        pause = (pause * 2).min(LOOK);
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
        let mut looks = 0;
        let value = eventually(Duration::from_secs(5), "the third look", async || {
            looks += 1;
            if looks == 3 {
                Ok("seen")
            } else {
                Err(format!("look {looks}"))
            }
        })
        .await;
        assert_eq!((value, looks), ("seen", 3));
    }

    #[tokio::test]
    #[should_panic(expected = "not within 10ms: the impossible; last seen: nothing")]
    async fn says_what_was_seen_when_time_is_up() {
        eventually::<()>(Duration::from_millis(10), "the impossible", async || {
            Err("nothing".into())
        })
        .await;
    }
}
