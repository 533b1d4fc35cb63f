//! Callers of one process that wait for permits from the same buckets, in order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::{error::Error, permit::Permit};

/// A queue of callers. The first one asks for all in it, so that a question to Redis serves many calls where
/// the limits let many go at once.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiting: AtomicUsize,
    /// Permits that were got for those behind; expired when those come too late, as for one who woke up late.
    got: Mutex<VecDeque<Permit>>,
}

/// One caller in the queue.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl WaitQueue {
    /// A permit for the caller; `ask` gets how many are waiting and answers with permits for at least one. Dropping the
    /// future gives the place up.
    pub(super) async fn permit<F>(&self, ask: impl Fn(usize) -> F) -> Result<Permit, Error>
    where
        F: Future<Output = Result<VecDeque<Permit>, Error>>,
    {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.waiting);
        let mut got = self.got.lock().await;
        loop {
            if let Some(permit) = got.pop_front() {
                return Ok(permit);
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

    fn permits(count: usize) -> VecDeque<Permit> {
        let now = Instant::now();
        let permit = |slot| Permit {
            slot,
            due: now,
            latest: now + Duration::from_secs(60),
            probe: false,
        };
        (0..i64::try_from(count).unwrap()).map(permit).collect()
    }

    #[tokio::test]
    async fn one_question_serves_everybody_in_the_queue() {
        let (queue, asked) = (WaitQueue::default(), AtomicUsize::new(0));
        let ask = |wanted| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok(permits(wanted))
            }
        };
        let callers = (0..20).map(|_| queue.permit(ask));
        let got = futures::future::try_join_all(callers).await.unwrap();
        assert_eq!(got.len(), 20);
        // The first asks before the others are in the queue.
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(queue.got.lock().await.is_empty());
    }

    #[tokio::test]
    async fn who_went_away_is_not_asked_for() {
        let queue = WaitQueue::default();
        let never = queue.permit(|_| std::future::pending());
        assert!(
            tokio::time::timeout(Duration::from_millis(10), never)
                .await
                .is_err()
        );
        let ask = |wanted| async move {
            assert_eq!(wanted, 1);
            Ok(permits(wanted))
        };
        queue.permit(ask).await.unwrap();
    }
}
