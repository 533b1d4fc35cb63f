//! What several pages look at is asked for once in a while, not once for each of them.

use super::doctors;
use pipeline::{heartbeat::Replicas, stage::Stage};
use replay::overview::Facts;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How old the facts of the overview may be.
const FACTS: Duration = Duration::from_millis(1_500);
/// The same for what stands behind the page of health, which every open one asks for.
const HEALTH: Duration = Duration::from_secs(1);
/// The same for the last runs.
const RUNS: Duration = Duration::from_secs(5);
/// The same for the counts of a day.
const MINUTES: Duration = Duration::from_secs(20);

/// Something, and when it was seen.
pub(crate) struct Kept<T> {
    most: Duration,
    seen: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Kept<T> {
    const fn new(most: Duration) -> Self {
        Self {
            most,
            seen: Mutex::const_new(None),
        }
    }

    /// What was seen a moment ago, or is seen now; those who come meanwhile wait for the same look.
    pub(crate) async fn get<E>(&self, look: impl AsyncFnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mut seen = self.seen.lock().await;
        if let Some((at, kept)) = &*seen
            && at.elapsed() < self.most
        {
            return Ok(Arc::clone(kept));
        }
        let fresh = Arc::new(look().await?);
        *seen = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }
}

/// Letters that died in each hour, by group, and since when, unix milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Trends {
    pub(crate) since: i64,
    pub(crate) stages: HashMap<Stage, BTreeMap<String, Vec<u64>>>,
}

/// What is kept for a moment.
pub(crate) struct Cache {
    /// What the verdict stands on.
    pub(crate) facts: Kept<Facts>,
    /// Every replica.
    pub(crate) replicas: Kept<Replicas>,
    /// What the doctors have found.
    pub(crate) doctors: Kept<Vec<doctors::Known>>,
    /// The last runs.
    pub(crate) runs: Kept<Vec<readmodel::read::sums::Run>>,
    /// Deaths of open letters by stage and group, and since when.
    pub(crate) trends: Kept<Trends>,
    /// Events by minute of the last day.
    pub(crate) minutes: Kept<Vec<readmodel::read::sums::Minute>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            facts: Kept::new(FACTS),
            replicas: Kept::new(HEALTH),
            doctors: Kept::new(HEALTH),
            runs: Kept::new(RUNS),
            minutes: Kept::new(MINUTES),
            trends: Kept::new(MINUTES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_serves_for_a_while_and_a_failed_one_for_nobody() {
        let kept = Kept::new(Duration::from_secs(3_600));
        assert_eq!(kept.get(async || Err::<u8, _>("away")).await, Err("away"));
        assert_eq!(*kept.get(async || Ok::<_, ()>(1)).await.unwrap(), 1);
        assert_eq!(*kept.get(async || Ok::<_, ()>(2)).await.unwrap(), 1);
        let never = Kept::new(Duration::ZERO);
        for number in 0..3 {
            assert_eq!(*never.get(async || Ok::<_, ()>(number)).await.unwrap(), number);
        }
    }
}
