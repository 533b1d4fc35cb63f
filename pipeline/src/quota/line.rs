//! Callers of one process that wait for leave from the same buckets, in order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::{Error, leave::Leave};

/// A line of callers. Whoever is first asks for everybody in it, so that a question to Redis serves many calls where
/// the limits let many go at once.
#[derive(Default)]
pub(super) struct Line {
    waiting: AtomicUsize,
    /// Leave that was got for those behind; too old when they went away, which they find out as one who woke up late.
    got: Mutex<VecDeque<Leave>>,
}

/// One caller in the line.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Line {
    /// Leave for the caller; `ask` is told how many are waiting and answers with leave for at least one. Dropping the
    /// future gives the place up.
    pub(super) async fn leave<F>(&self, ask: impl Fn(usize) -> F) -> Result<Leave, Error>
    where
        F: Future<Output = Result<VecDeque<Leave>, Error>>,
    {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.waiting);
        let mut got = self.got.lock().await;
        loop {
            if let Some(leave) = got.pop_front() {
                return Ok(leave);
            }
            *got = ask(self.waiting.load(Ordering::Relaxed)).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::{Duration, Instant};

    use super::*;

    fn leaves(count: usize) -> VecDeque<Leave> {
        let now = Instant::now();
        let leave = |slot| Leave {
            slot,
            due: now,
            latest: now + Duration::from_secs(60),
        };
        (0..i64::try_from(count).unwrap()).map(leave).collect()
    }

    #[tokio::test]
    async fn one_question_serves_everybody_in_line() {
        let (line, asked) = (Line::default(), AtomicUsize::new(0));
        let ask = |wanted| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok(leaves(wanted))
            }
        };
        let callers = (0..20).map(|_| line.leave(ask));
        let got = futures::future::try_join_all(callers).await.unwrap();
        assert_eq!(got.len(), 20);
        // The first asks before the others are in line.
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(line.got.lock().await.is_empty());
    }

    #[tokio::test]
    async fn who_went_away_is_not_asked_for() {
        let line = Line::default();
        let never = line.leave(|_| std::future::pending());
        assert!(
            tokio::time::timeout(Duration::from_millis(10), never)
                .await
                .is_err()
        );
        let ask = |wanted| async move {
            assert_eq!(wanted, 1);
            Ok(leaves(wanted))
        };
        line.leave(ask).await.unwrap();
    }
}
