//! Customers that change by themselves while the pipeline works: so many mutations a second, drawn from a seed.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use super::dice::Dice;
use super::state::{State, lock};

/// What the background churn does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Churn {
    /// Mutations per second; 0 stops.
    pub per_second: f64,
    /// Seed of the choice between the four kinds.
    pub seed: u64,
    /// Weight of changed contents.
    pub change: u64,
    /// Weight of new update times without new contents.
    pub touch: u64,
    /// Weight of removals.
    pub remove: u64,
    /// Weight of new customers.
    pub add: u64,
    /// Stop after so many.
    pub total: Option<u64>,
}

impl Default for Churn {
    fn default() -> Self {
        Churn {
            per_second: 0.0,
            seed: 1,
            change: 1,
            touch: 0,
            remove: 0,
            add: 0,
            total: None,
        }
    }
}

/// Replaces the running churn, if any.
pub(super) fn start(state: &Arc<State>, churn: Churn) {
    let token = state.stop.child_token();
    if let Some(before) = lock(&state.churn).replace(token.clone()) {
        before.cancel();
    }
    if churn.per_second <= 0.0 {
        return;
    }
    let state = state.clone();
    tokio::spawn(async move {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / churn.per_second));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut dice = Dice::new(&[churn.seed, 0xC4]);
        let mut done = 0;
        while churn.total.is_none_or(|total| done < total) {
            tokio::select! {
                () = token.cancelled() => return,
                _ = ticks.tick() => mutate(&state, &churn, &mut dice),
            }
            done += 1;
        }
    });
}

fn mutate(state: &State, churn: &Churn, dice: &mut Dice) {
    let now = state.clock.now();
    let mut world = lock(&state.world);
    let drawn = world.draw(1).first().copied();
    let mut lot = dice.below((churn.change + churn.touch + churn.remove + churn.add).max(1));
    let result = match drawn {
        None => Ok(()),
        Some(index) if lot < churn.change => world.change(index, None, now),
        Some(index) => {
            lot -= churn.change;
            if lot < churn.touch {
                world.touch(index, now)
            } else if lot < churn.touch + churn.remove {
                world.remove(index, now)
            } else {
                world.add(now);
                Ok(())
            }
        }
    };
    // the draw only names existing customers, so there is nothing to refuse
    if let Err(error) = result {
        tracing::warn!(%error, "churn");
    }
}
