//! Slows listing down while what it has listed piles up behind it: OKKI keeps the changes as well as a queue does, and the
//! window is taken up where it was.
//!
//! While a work queue is deep nothing more is listed, for it becomes shorter as soon as its stage works. Dead letters wait for
//! a person, and no record may stop another: while they are many, listing goes on page by page with a pause before each.

use crate::run::Stop;
use pipeline::{lease::Lease, service::Runtime, stage::Stage, waiting::PerMessage};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Depths are not counted again before.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// Before each page while there are many dead letters.
const PAUSE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(500);

/// When listing slows down; 0 is never. Clones share what was counted last.
#[derive(Debug, Clone)]
pub(crate) struct Brake {
    /// Records that may wait for a stage.
    pub queues: u32,
    /// Dead letters of all stages.
    pub dead: u32,
    last: Arc<Mutex<Last>>,
}

#[derive(Debug, Default)]
struct Last {
    counted: Option<Instant>,
    pressure: Pressure,
}

/// What piles up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Pressure {
    #[default]
    None,
    /// Records wait in a work queue.
    Queue(String, u32),
    Dead(u32),
}

impl Brake {
    pub(crate) fn new(queues: u32, dead: u32) -> Self {
        Self {
            queues,
            dead,
            last: Arc::default(),
        }
    }

    /// Returns when the next page may be published.
    pub(crate) async fn wait(&self, rt: &Runtime, lease: &Lease) -> Result<(), Stop> {
        let begun = Instant::now();
        loop {
            let wait = match self.pressure(rt).await {
                Pressure::None => false,
                Pressure::Queue(..) => true,
                Pressure::Dead(_) => begun.elapsed() < PAUSE,
            };
            if !wait {
                return Ok(());
            }
            if !lease.held() {
                return Err(Stop::Deposed);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether listing waits for a later queue at this moment.
    pub(crate) async fn holds(&self, rt: &Runtime) -> bool {
        matches!(self.pressure(rt).await, Pressure::Queue(..))
    }

    async fn pressure(&self, rt: &Runtime) -> Pressure {
        let lock = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = {
            let last = lock();
            if last.counted.is_some_and(|at| at.elapsed() < COUNT_EVERY)
                || (self.queues == 0 && self.dead == 0)
            {
                return last.pressure.clone();
            }
            last.pressure.clone()
        };
        let work = Stage::ALL.map(|stage| rt.namespace.queue(stage));
        let dead = Stage::ALL.map(|stage| rt.namespace.dead_queue(stage));
        let queues: Vec<String> = work.iter().chain(&dead).cloned().collect();
        let now = match rt.broker.depths(&queues).await {
            Ok(depths) => {
                let depths = in_records(depths, rt).await;
                self.judge(&before, &work, &dead, &depths)
            }
            Err(error) => {
                // Without the broker nothing is published anyway.
                tracing::debug!(%error, "queues not counted");
                before.clone()
            }
        };
        if std::mem::discriminant(&now) != std::mem::discriminant(&before) {
            tell(rt, &now);
        }
        *lock() = Last {
            counted: Some(Instant::now()),
            pressure: now.clone(),
        };
        now
    }

    /// What was deep is so until it is below half of the limit.
    fn judge(
        &self,
        before: &Pressure,
        work: &[String],
        dead: &[String],
        depths: &BTreeMap<String, u32>,
    ) -> Pressure {
        let of = |queue: &String| depths.get(queue).copied().unwrap_or(0);
        let is_deep =
            |depth: u32, limit: u32, was: bool| limit > 0 && (depth >= limit || (was && depth > limit / 2));
        let deepest = work.iter().max_by_key(|queue| of(queue));
        if let Some(queue) = deepest
            && is_deep(of(queue), self.queues, matches!(before, Pressure::Queue(..)))
        {
            return Pressure::Queue(queue.clone(), of(queue));
        }
        let dead = dead.iter().map(of).fold(0, u32::saturating_add);
        match is_deep(dead, self.dead, matches!(before, Pressure::Dead(_))) {
            true => Pressure::Dead(dead),
            false => Pressure::None,
        }
    }
}

/// A message of a work queue may carry many records.
async fn in_records(mut depths: BTreeMap<String, u32>, rt: &Runtime) -> BTreeMap<String, u32> {
    // Without Redis nothing is listed anyway.
    let per_message = PerMessage::told(rt).await.unwrap_or_default();
    for stage in Stage::ALL {
        if let Some(depth) = depths.get_mut(&rt.namespace.queue(stage)) {
            *depth = u32::try_from(per_message.records(stage, *depth)).unwrap_or(u32::MAX);
        }
    }
    depths
}

fn tell(rt: &Runtime, now: &Pressure) {
    let text = match now {
        Pressure::None => {
            tracing::info!("listing goes on at full speed");
            "no".to_owned()
        }
        Pressure::Queue(queue, depth) => {
            tracing::warn!(
                queue,
                depth,
                "listing waits, a later queue is deep (LISTING_QUEUE_LIMIT)"
            );
            words::tr!("{depth} records in {queue}")
        }
        Pressure::Dead(depth) => {
            tracing::warn!(
                depth,
                "listing slows down, there are many dead letters (LISTING_DEAD_LIMIT)"
            );
            words::tr!("{depth} dead letters")
        }
    };
    rt.status.set("listing_slowed", text.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_piles_up_slows_listing_until_it_is_half_as_much() {
        let brake = Brake::new(100, 10);
        let (work, dead) = (
            ["w1".to_owned(), "w2".to_owned()],
            ["d1".to_owned(), "d2".to_owned()],
        );
        let judge = |before: &Pressure, depths: &[(&str, u32)]| {
            let depths = depths.iter().map(|(queue, depth)| ((*queue).to_owned(), *depth));
            brake.judge(before, &work, &dead, &depths.collect())
        };
        let deep = judge(&Pressure::None, &[("w1", 3), ("w2", 100), ("d1", 50)]);
        assert_eq!(deep, Pressure::Queue("w2".into(), 100));
        assert_eq!(judge(&deep, &[("w2", 51)]), Pressure::Queue("w2".into(), 51));
        assert_eq!(judge(&deep, &[("w2", 50)]), Pressure::None);
        assert_eq!(judge(&Pressure::None, &[("w2", 99)]), Pressure::None);
        let many = judge(&Pressure::None, &[("d1", 5), ("d2", 5)]);
        assert_eq!(many, Pressure::Dead(10));
        assert_eq!(judge(&many, &[("d1", 6)]), Pressure::Dead(6));
        assert_eq!(judge(&many, &[("d1", 5)]), Pressure::None);
        assert_eq!(
            Brake::new(0, 0).judge(&many, &work, &dead, &BTreeMap::from([("d1".into(), 99)])),
            Pressure::None
        );
    }
}
