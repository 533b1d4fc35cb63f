//! Calls that left later than granted, of one process: what is to be said while Redis is being told goes together.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// A call that is known under one time and counts at another, in microseconds of Redis' clock.
pub(super) type Move = (i64, i64);

/// Those that wait to be told.
#[derive(Default)]
pub(super) struct Moves {
    waiting: Mutex<Vec<(Move, oneshot::Sender<bool>)>>,
    telling: tokio::sync::Mutex<()>,
}

impl Moves {
    /// Returns when Redis was told, or was not: `tell` says whether it worked. Whoever comes first tells for all who came
    /// meanwhile; when its future is dropped, the next one does.
    pub(super) async fn tell<F>(&self, moved: Move, tell: impl FnOnce(Vec<Move>) -> F) -> bool
    where
        F: Future<Output = bool>,
    {
        let (sender, mut told) = oneshot::channel();
        self.lock().push((moved, sender));
        let _turn = self.telling.lock().await;
        let is_lost = match told.try_recv() {
            Ok(told) => return told,
            Err(error) => error == oneshot::error::TryRecvError::Closed,
        };
        let (mut moves, senders): (Vec<_>, Vec<_>) = std::mem::take(&mut *self.lock()).into_iter().unzip();
        if is_lost {
            moves.push(moved);
        }
        let is_told = tell(moves).await;
        for sender in senders {
            // Whoever went away need not know.
            sender.send(is_told).ok();
        }
        is_told
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Move, oneshot::Sender<bool>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn what_came_meanwhile_is_told_together() {
        let (moves, told) = (Moves::default(), Mutex::new(Vec::new()));
        let tell = |all: Vec<Move>| {
            told.lock().unwrap().push(all);
            async {
                tokio::task::yield_now().await;
                true
            }
        };
        let callers = (0..20).map(|nth| moves.tell((nth, nth + 1), tell));
        assert!(
            futures::future::join_all(callers)
                .await
                .into_iter()
                .all(|told| told)
        );
        let told = told.into_inner().unwrap();
        // The first one is alone, as nobody else has come yet.
        assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [1, 19]);
        let mut all = told.concat();
        all.sort_unstable();
        assert_eq!(all, (0..20).map(|nth| (nth, nth + 1)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_a_caller_who_went_away_has_taken_is_told_by_the_next() {
        let moves = Moves::default();
        let never = |_| std::future::pending();
        let told = Mutex::new(Vec::new());
        let mut zeroth = Box::pin(moves.tell((0, 1), never));
        let mut first = Box::pin(moves.tell((1, 2), never));
        let mut second = Box::pin(moves.tell((2, 3), |all| {
            told.lock().unwrap().extend(all);
            std::future::ready(true)
        }));
        assert!(futures::poll!(&mut zeroth).is_pending());
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(zeroth);
        // It takes its own and the second's.
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        assert!(second.await);
        assert_eq!(told.into_inner().unwrap(), [(2, 3)]);
    }
}
