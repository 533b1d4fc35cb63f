//! Whether the letters agree with their queues, and a walk where they do not.
//!
//! A difference is believed when it stands: the same two numbers in several checks in a row, with nobody browsing.

use super::{CHECK_EVERY, Keeper, now, walk::walk};
use crate::{
    error::Result,
    read::known::{Known, known},
};
use pipeline::{broker, cause::chain, stage::Stage};
use std::time::{Duration, Instant};

/// Checks in a row that have to find the same difference.
const CONFIRMED: u32 = 3;
/// Until somebody who opens a letter may have the queue walked over once more.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(10);
/// Walks keep letters from others for no more than a tenth of the time.
const SHARE: u32 = 10;

/// What was seen of a stage.
#[derive(Default)]
struct Seen {
    /// Letters here and there, and in how many checks they were the same.
    differs: Option<(i64, i64)>,
    times: u32,
    /// End of the last walk, and how long it took.
    walked: Option<(Instant, Duration)>,
}

/// Until shutdown.
pub(super) async fn agree(keeper: &Keeper) {
    let mut all: [Seen; 3] = Default::default();
    loop {
        for (stage, seen) in Stage::ALL.into_iter().zip(&mut all) {
            if !keeper.state.is_current() || keeper.rt.shutdown.is_requested() {
                break;
            }
            if let Err(error) = check(keeper, stage, seen).await {
                tracing::debug!(%stage, error = chain(&error), "the letters were not compared with their queue");
            }
        }
        if !keeper.rt.shutdown.sleep(CHECK_EVERY).await {
            return;
        }
    }
}

async fn check(keeper: &Keeper, stage: Stage, seen: &mut Seen) -> Result<()> {
    let known = keeper.read(move |connection| known(connection, stage)).await?;
    let Some(depth) = depth(keeper, stage).await? else {
        return Ok(());
    };
    let bodies_every = match keeper.state.is_looked_for(stage) {
        true => keeper.bodies_every.min(LOOKED_FOR_EVERY),
        false => keeper.bodies_every,
    };
    let why = seen.why(known, depth, keeper.state.is_walk_wanted(stage), bodies_every);
    let Some(why) = why else { return Ok(()) };
    if why == Why::Differs {
        tracing::warn!(
            %stage, here = known.letters, queue = depth,
            "the read model and the dead letters differ; a walk over the queue heals it"
        );
    }
    keeper.state.walk_begins(stage);
    let begun = Instant::now();
    let walked = walk(keeper, stage).await;
    if why == Why::Wanted && !matches!(walked, Ok((_, true))) {
        keeper.state.want_walk(stage);
    }
    let (walked, _) = walked?;
    seen.walked = Some((Instant::now(), begun.elapsed()));
    (seen.differs, seen.times) = (None, 0);
    let (added, gone) = (walked.added, walked.gone);
    tracing::info!(%stage, why = why.name(), added, gone, at = now(), "the dead letters were walked over");
    Ok(())
}

/// Letters in the queue that nobody holds; `None` while an operator may be holding others.
async fn depth(keeper: &Keeper, stage: Stage) -> Result<Option<i64>> {
    // Without Redis nobody can tell.
    let is_browsed = async || keeper.rt.account.is_browsed(stage).await.unwrap_or(true);
    if is_browsed().await {
        return Ok(None);
    }
    let queue = keeper.rt.broker.namespace().dead_queue(stage);
    let depths: std::result::Result<_, broker::Error> =
        keeper.rt.broker.depths(std::slice::from_ref(&queue)).await;
    let depth = depths?.get(&queue).copied().unwrap_or(0);
    Ok((!is_browsed().await).then_some(depth.into()))
}

/// Why a queue is walked over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    First,
    Wanted,
    Named,
    Differs,
    Bodies,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::First => "it was not seen yet",
            Self::Wanted => "the account of events has a gap",
            Self::Named => "letters came back whose record is not known",
            Self::Differs => "the numbers differ",
            Self::Bodies => "new letters have not been seen yet",
        }
    }
}

impl Seen {
    fn why(&mut self, known: Known, depth: i64, wanted: bool, bodies_every: Duration) -> Option<Why> {
        let here = (known.letters, depth);
        if known.letters == depth {
            (self.differs, self.times) = (None, 0);
        } else if self.differs == Some(here) {
            self.times += 1;
        } else {
            (self.differs, self.times) = (Some(here), 1);
        }
        let rested = |every: Duration| {
            self.walked
                .is_none_or(|(at, took)| at.elapsed() >= every.max(took.saturating_mul(SHARE)))
        };
        match () {
            () if !rested(Duration::ZERO) => None,
            () if known.walked_at.is_none() => Some(Why::First),
            () if wanted => Some(Why::Wanted),
            () if self.times >= CONFIRMED => Some(Why::Differs),
            () if known.named > 0 => Some(Why::Named),
            () if known.unseen > 0 && rested(bodies_every) => Some(Why::Bodies),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn known(letters: i64) -> Known {
        Known {
            letters,
            named: 0,
            unseen: 0,
            walked_at: Some(1),
        }
    }

    #[test]
    fn a_difference_is_believed_when_it_stands() {
        let mut seen = Seen::default();
        let mut why = |letters, depth| seen.why(known(letters), depth, false, HOUR);
        assert_eq!(why(5, 5), None);
        // Letters die, and their events come a moment later.
        assert_eq!([why(5, 7), why(6, 7), why(7, 9), why(9, 9)], [None; 4]);
        assert_eq!([why(9, 8), why(9, 8)], [None; 2]);
        assert_eq!(why(9, 8), Some(Why::Differs));
    }

    #[test]
    fn what_was_never_seen_is_walked_over_at_once_and_bodies_now_and_then() {
        let mut seen = Seen::default();
        let new = Known {
            walked_at: None,
            ..known(0)
        };
        assert_eq!(seen.why(new, 0, false, HOUR), Some(Why::First));
        let unseen = Known {
            unseen: 2,
            ..known(2)
        };
        assert_eq!(seen.why(unseen, 2, false, HOUR), Some(Why::Bodies));
        seen.walked = Some((Instant::now(), Duration::ZERO));
        assert_eq!(seen.why(unseen, 2, false, HOUR), None);
        assert_eq!(seen.why(unseen, 2, true, HOUR), Some(Why::Wanted));
        // The last walk kept the letters from others for a minute.
        seen.walked = Some((Instant::now(), Duration::from_secs(60)));
        assert_eq!(seen.why(unseen, 2, true, HOUR), None);
    }
}
