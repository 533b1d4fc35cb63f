//! The one task that decides what people are notified of: keeps the standing problems, waits out their patience, sends.

use super::{
    channel::{Channel, News, Notice},
    memory::Memory,
    problem::{Event, Origin, Problem},
};
use crate::{cause::logged, shutdown::Shutdown};
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// How often standing problems are polled.
const POLL: Duration = Duration::from_secs(1);
/// A notice that does not arrive is tried again this often at most.
const AGAIN: Duration = Duration::from_secs(15);

/// Standing problems and the way to notify of them.
pub(super) struct Notifier {
    channel: Channel,
    memory: Memory,
    origin: Origin,
    standing: BTreeMap<String, Standing>,
}

struct Standing {
    problem: Problem,
    since: Instant,
    since_ms: i64,
    /// When it was last raised here.
    raised: Instant,
    /// This process knows that people were notified, by itself or by another one.
    notified: bool,
    not_before: Instant,
}

impl Notifier {
    pub(super) fn new(channel: Channel, memory: Memory, origin: Origin) -> Self {
        Self {
            channel,
            memory,
            origin,
            standing: BTreeMap::new(),
        }
    }

    /// Until shutdown.
    pub(super) async fn run(mut self, mut events: mpsc::Receiver<Event>, shutdown: Shutdown) {
        let mut polls = tokio::time::interval(POLL);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Raised(problem)) => self.raised(problem),
                    Some(Event::Cleared(prefix)) => self.cleared(&prefix).await,
                    Some(Event::Over(problem)) => self.over(problem).await,
                    Some(Event::Flush(done)) => {
                        self.notify_of_standing().await;
                        if done.send(()).is_err() {
                            tracing::debug!("the sender of the flush no longer waits for the notices");
                        }
                    }
                    None => return,
                },
                _ = polls.tick() => self.notify_of_standing().await,
                () = shutdown.requested() => return,
            }
        }
    }

    fn raised(&mut self, problem: Problem) {
        let now = Instant::now();
        let standing = self
            .standing
            .entry(problem.key.clone())
            .or_insert_with(|| Standing {
                problem: problem.clone(),
                since: now,
                since_ms: now_ms(),
                raised: now,
                notified: false,
                not_before: now,
            });
        standing.problem = problem;
        standing.raised = now;
    }

    async fn cleared(&mut self, prefix: &str) {
        let keys: Vec<String> = self
            .standing
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        for key in keys {
            let Some(standing) = self.standing.remove(&key) else {
                continue;
            };
            if standing.notified && self.memory.may_notify_of_end(&key).await {
                let notice = standing.notice(News::Over);
                self.send(&notice).await;
            }
        }
    }

    /// Ends a problem that this process may know nothing of.
    async fn over(&mut self, problem: Problem) {
        let was_notified = self.memory.over(&problem.key).await;
        if self.standing.contains_key(&problem.key) {
            return self.cleared(&problem.key).await;
        }
        if was_notified && self.memory.may_notify_of_end(&problem.key).await {
            let now_ms = now_ms();
            let notice = Notice {
                problem,
                news: News::Over,
                since_ms: now_ms,
                now_ms,
            };
            self.send(&notice).await;
        }
    }

    async fn notify_of_standing(&mut self) {
        let now = Instant::now();
        let due = |standing: &Standing| {
            now >= standing.since + standing.problem.patience && now >= standing.not_before
        };
        let keys: Vec<String> = self
            .standing
            .iter()
            .filter(|(_, standing)| due(standing))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            if self.is_over_elsewhere(&key).await {
                self.standing.remove(&key);
                self.memory.leave(&key);
                continue;
            }
            if !self.memory.may_notify(&key).await {
                self.set(&key, true, POLL);
                continue;
            }
            let Some(notice) = self
                .standing
                .get(&key)
                .map(|standing| standing.notice(News::Stands))
            else {
                continue;
            };
            if self.send(&notice).await {
                self.set(&key, true, POLL);
            } else {
                self.memory.forget(&key).await;
                self.set(&key, false, AGAIN);
            }
        }
    }

    /// Whether another process has said that it is over, after it was last raised here; of the end it has notified people.
    async fn is_over_elsewhere(&self, key: &str) -> bool {
        let Some(standing) = self.standing.get(key).filter(|_| self.memory.is_due(key)) else {
            return false;
        };
        let over = self.memory.over_since(key).await;
        over.is_some_and(|over| over < standing.raised.elapsed())
    }

    fn set(&mut self, key: &str, notified: bool, wait: Duration) {
        if let Some(standing) = self.standing.get_mut(key) {
            standing.notified |= notified;
            standing.not_before = Instant::now() + wait;
        }
    }

    async fn send(&self, notice: &Notice) -> bool {
        match self.channel.send(notice, &self.origin).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(
                    problem = notice.problem.key,
                    error = logged(&error),
                    "notice not delivered"
                );
                false
            }
        }
    }
}

impl Standing {
    fn notice(&self, news: News) -> Notice {
        Notice {
            problem: self.problem.clone(),
            news,
            since_ms: self.since_ms,
            now_ms: now_ms(),
        }
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
