//! A stage as it is shown: who works at it, what waits, why it pauses.

use super::facts::Facts;
use pipeline::{
    gate::{Pause, StandingPause},
    heartbeat::Replica,
    stage::Stage,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// One stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageView {
    /// `extract`, `transform` or `load`.
    pub stage: &'static str,
    /// The program that does its work.
    pub program: &'static str,
    /// Replicas that were heard within the last seconds and do not end.
    pub replicas: usize,
    /// Those that have fallen silent.
    pub silent: Vec<Silent>,
    /// Versions of those that run.
    pub versions: BTreeSet<String>,
    /// Messages ready for work; `None`: the broker did not answer.
    pub waiting: Option<u64>,
    /// Messages that wait for another attempt.
    pub retrying: Option<u64>,
    /// Dead letters; `None` also while somebody holds those that there may be.
    pub dead: Option<u64>,
    /// Why replicas pause, each reason once.
    pub paused: Vec<Paused>,
}

/// A replica that says nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// Which process.
    pub instance: String,
    /// For how long.
    pub for_s: i64,
}

/// A reason for which replicas pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// The first of them to say so.
    #[serde(flatten)]
    pub pause: StandingPause,
    /// How many pause for it.
    pub replicas: usize,
}

impl Paused {
    /// It may be a pause of hours that nobody hears of otherwise.
    pub(super) const fn waits_long(&self) -> bool {
        matches!(self.pause.reason, Pause::Quota | Pause::Operator)
    }
}

pub(super) fn views(facts: &Facts) -> Vec<StageView> {
    let depths = facts.depths.map(|depths| depths.map(Some));
    let depths = depths.unwrap_or_default();
    let view = |(stage, depths): (Stage, Option<super::facts::Depths>)| {
        let program = stage.program();
        // One that ends takes no more work.
        let of_stage = facts
            .replicas
            .iter()
            .filter(|replica| replica.heartbeat.service == program && !replica.heartbeat.draining);
        let (silent, heard): (Vec<&Replica>, Vec<&Replica>) =
            of_stage.partition(|replica| replica.is_silent());
        StageView {
            stage: stage.name(),
            program,
            replicas: heard.len(),
            silent: silent.into_iter().map(Silent::of).collect(),
            versions: heard
                .iter()
                .map(|replica| replica.heartbeat.version.clone())
                .collect(),
            waiting: depths.map(|depths| depths.waiting),
            retrying: depths.map(|depths| depths.retrying),
            dead: depths.and_then(|depths| depths.dead),
            paused: paused(&heard),
        }
    };
    Stage::ALL.into_iter().zip(depths).map(view).collect()
}

impl Silent {
    fn of(replica: &Replica) -> Self {
        Self {
            instance: replica.heartbeat.instance.clone(),
            for_s: replica.heard_ms_ago / 1_000,
        }
    }
}

/// The earliest of each reason.
fn paused(replicas: &[&Replica]) -> Vec<Paused> {
    let mut found: Vec<Paused> = Vec::new();
    let pauses = replicas.iter().flat_map(|replica| &replica.heartbeat.paused);
    for pause in pauses {
        match found.iter_mut().find(|known| known.pause.reason == pause.reason) {
            Some(known) => {
                known.replicas += 1;
                if pause.since < known.pause.since {
                    known.pause = pause.clone();
                }
            }
            None => found.push(Paused {
                pause: pause.clone(),
                replicas: 1,
            }),
        }
    }
    found
}
