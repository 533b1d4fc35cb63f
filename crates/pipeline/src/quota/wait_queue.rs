//! Callers of one process that wait for permits from the same buckets, in order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{error::Error, permit::Permit};

/// A queue of callers. The first one asks for all in it, so that a question to Redis serves many calls where
/// the limits let many go at once.
#[derive(Default)]
pub(super) struct WaitQueue {
    waiting: AtomicUsize,
    got: Mutex<Got>,
    /// Between two questions.
    gap: Duration,
}

#[derive(Default)]
struct Got {
    /// For those behind; expired when those come too late, as for one who woke up late.
    permits: VecDeque<Permit>,
    /// When the last question was answered.
    answered: Option<Instant>,
}

/// One caller in the queue.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl WaitQueue {
    /// A queue whose questions are at least `gap` apart, so that one serves all who come meanwhile.
    pub(super) fn with_gap(gap: Duration) -> Self {
        Self {
            gap,
            ..Self::default()
        }
    }

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
            if let Some(permit) = got.permits.pop_front() {
                return Ok(permit);
            }
            if let Some(answered) = got.answered {
                tokio::time::sleep_until(answered + self.gap).await;
            }
            got.permits = ask(self.waiting.load(Ordering::Relaxed)).await?;
            got.answered = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn permits(count: usize) -> VecDeque<Permit> {
        let now = std::time::Instant::now();
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
        assert!(queue.got.lock().await.permits.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_waits_for_those_who_come_within_the_gap() {
        let gap = Duration::from_millis(3);
        let (queue, asked) = (WaitQueue::with_gap(gap), AtomicUsize::new(0));
        let ask = |wanted| {
            asked.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(permits(wanted)))
        };
        let begin = Instant::now();
        // Whoever comes after a rest waits for nobody.
        queue.permit(ask).await.unwrap();
        assert!(begin.elapsed() < gap);
        let come = async |after: u64| {
            tokio::time::sleep(Duration::from_millis(after)).await;
            queue.permit(ask).await.unwrap();
        };
        tokio::join!(come(0), come(1), come(2));
        assert_eq!((asked.load(Ordering::Relaxed), begin.elapsed()), (2, gap));
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
