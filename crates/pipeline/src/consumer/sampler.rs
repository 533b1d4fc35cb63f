//! Samples every few seconds what no event tells: depth of the stage's queues, age of the oldest record, the account.
//!
//! It has one connection of its own and stops counting, without a warning, while the broker is away.

use super::{dead_depth::DeadDepth, freshness, inflight::InFlight};
use crate::{
    accounting::{Held, check},
    broker::depths::Counter,
    cause::logged,
    service::Runtime,
    stage::Stage,
    telemetry::names,
    waiting::{self, PerMessage},
};
use std::{collections::BTreeMap, time::Duration};

/// Prometheus asks every 15 s or so.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// Every loader reads the account, so not too often.
const CHECK_EVERY: u32 = 6;
/// What was taken this long ago is named, not only counted.
const HELD_LONG: Duration = Duration::from_secs(30);
/// A customer without a message in any queue is missing after this time.
const CHECK_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Until shutdown. What is in hand is shown whether or not the broker can be asked.
pub(super) async fn run(rt: Runtime, stage: Stage, in_flight: InFlight) {
    let mine = async {
        loop {
            show_oldest(stage, &in_flight);
            tell_held(&rt, stage, &in_flight).await;
            waiting::tell(&rt).await;
            if !rt.shutdown.sleep(SAMPLE_EVERY).await {
                break;
            }
        }
        waiting::tell(&rt).await;
        if let Err(error) = held(&rt).forget(stage, &rt.instance).await {
            tracing::debug!(error = logged(&error), "what was held is forgotten in a while");
        }
    };
    tokio::join!(mine, count(&rt, stage, &in_flight));
}

async fn count(rt: &Runtime, stage: Stage, in_flight: &InFlight) {
    let queues = rt.broker.queues(&[stage]);
    let mut counter = None;
    let mut round = 0u32;
    let mut dead = Dead::default();
    loop {
        // Asked before and after: whoever looks in between holds the lease at one of the times.
        let browsed = is_browsed(rt, stage).await;
        match depths(rt, &queues, &mut counter).await {
            Ok(depths) => {
                let browsed = browsed || is_browsed(rt, stage).await;
                let waiting = depths.get(&rt.namespace.queue(stage)).copied().unwrap_or(0);
                let per_message = PerMessage::told(rt).await.unwrap_or_default();
                let records = per_message.records(stage, waiting);
                show_records(rt, stage, records, in_flight.load().records());
                show_depths(rt, stage, depths, browsed, &mut dead);
            }
            Err(error) => tracing::debug!(%error, "queues not counted"),
        }
        if stage == Stage::Load && round.is_multiple_of(CHECK_EVERY) {
            check_account(rt).await;
            freshness::show(rt).await;
        }
        round = round.wrapping_add(1);
        if !rt.shutdown.sleep(SAMPLE_EVERY).await {
            break;
        }
    }
    if let Some(counter) = counter {
        counter.close().await;
    }
}

/// What was seen of the dead letters.
#[derive(Default)]
struct Dead {
    depth: DeadDepth,
    /// They were too many.
    deep: bool,
}

/// Without Redis nobody can tell, and nothing is believed to be gone.
async fn is_browsed(rt: &Runtime, stage: Stage) -> bool {
    rt.account.is_browsed(stage).await.unwrap_or(true)
}

fn show_oldest(stage: Stage, in_flight: &InFlight) {
    let now = jiff::Timestamp::now().as_millisecond();
    let age = in_flight.oldest().map_or(0, |oldest| (now - oldest).max(0));
    metrics::gauge!(names::OLDEST_UNFINISHED, "stage" => stage.name()).set(age as f64 / 1000.0);
}

fn held(rt: &Runtime) -> Held {
    Held::new(rt.store.clone(), rt.namespace.clone())
}

/// So that nobody takes for lost what waits here.
async fn tell_held(rt: &Runtime, stage: Stage, in_flight: &InFlight) {
    let (count, long) = in_flight.held_since(HELD_LONG);
    if let Err(error) = held(rt).tell(stage, &rt.instance, count, &long).await {
        tracing::debug!(error = logged(&error), "what is held is not known to others");
    }
}

async fn depths(
    rt: &Runtime,
    queues: &[String],
    counter: &mut Option<Counter>,
) -> Result<BTreeMap<String, u32>, crate::broker::Error> {
    let mut open = match counter.take() {
        Some(open) => open,
        None => Counter::open(&rt.broker).await?,
    };
    let counts = open.count(queues).await?;
    *counter = Some(open);
    Ok(counts.ready)
}

/// Scaling by records needs them: a message may carry many.
fn show_records(rt: &Runtime, stage: Stage, waiting: u64, per_message: f64) {
    metrics::gauge!(names::QUEUE_RECORDS, "queue" => rt.namespace.queue(stage)).set(waiting as f64);
    metrics::gauge!(names::RECORDS_PER_MESSAGE, "stage" => stage.name()).set(per_message);
}

fn show_depths(
    rt: &Runtime,
    stage: Stage,
    mut depths: BTreeMap<String, u32>,
    browsed: bool,
    dead: &mut Dead,
) {
    if let Some(depth) = depths.get_mut(&rt.namespace.dead_queue(stage)) {
        *depth = dead.depth.counted(*depth, browsed);
        if *depth > 0 || dead.depth.is_empty() {
            rt.alerts.dead_letters(stage, *depth);
        }
        let limit = rt.alerts.dead_letter_limit();
        if is_deep(dead.deep, *depth, limit) != dead.deep {
            dead.deep = !dead.deep;
            if dead.deep {
                tracing::warn!(
                    %stage, depth, limit,
                    "many dead letters; browse them with the `dead groups` command of the stage (ALERT_DEAD_LETTERS sets the limit)"
                );
            } else {
                tracing::info!(%stage, depth, limit, "fewer dead letters again");
            }
        }
    }
    for (queue, depth) in depths {
        metrics::gauge!(names::QUEUE_DEPTH, "queue" => queue).set(f64::from(depth));
    }
}

async fn check_account(rt: &Runtime) {
    let now = jiff::Timestamp::now().as_millisecond();
    match check(&rt.account, &rt.broker, None, CHECK_PATIENCE, now).await {
        Ok(check) => {
            for (part, count) in check.total.parts() {
                metrics::gauge!(names::BOOKS_RECORDS, "fate" => part).set(count as f64);
            }
            metrics::gauge!(names::BOOKS_DIFFERENCE).set(check.difference as f64);
            let first = check.differences.first().map(String::as_str);
            if let Some(first) = first {
                tracing::error!(difference = check.difference, first, "the account is off");
            }
            rt.alerts.account_off(check.difference, first);
        }
        Err(error) => tracing::debug!(%error, "account not read"),
    }
}

/// Whether the dead letters are too many. A depth that moves around the limit is reported once.
fn is_deep(deep: bool, depth: u32, limit: u32) -> bool {
    depth >= limit || (deep && depth > limit / 2)
}

#[cfg(test)]
mod tests {
    use super::is_deep;

    #[test]
    fn a_depth_around_the_limit_is_reported_once() {
        let mut deep = false;
        let reported: Vec<_> = [0, 9, 10, 9, 12, 6, 10, 5, 0, 10]
            .into_iter()
            .map(|depth| {
                deep = is_deep(deep, depth, 10);
                deep
            })
            .collect();
        let (yes, no) = (true, false);
        assert_eq!(reported, [no, no, yes, yes, yes, yes, yes, no, no, yes]);
        assert!(is_deep(false, 1, 1) && !is_deep(true, 0, 1));
    }
}
