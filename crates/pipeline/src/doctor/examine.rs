//! Everything that is examined, at the same time and with a limit.

use super::{broker, finding::Finding, redis};
use crate::{service::Runtime, stage::Stage};
use std::time::Duration;

/// What has not answered by then is reported as away: a table should not keep an operator waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Examines broker, queues, Redis and clocks, all at the same time.
pub async fn examine(rt: &Runtime, stage: Stage) -> Vec<Finding> {
    let away = |what: &'static str, remedy: &'static str| {
        move || {
            vec![Finding::bad(
                what,
                words::tr!("no answer within {PATIENCE:?}"),
                remedy,
            )]
        }
    };
    let (mut findings, redis) = tokio::join!(
        in_time(
            broker::examine(&rt.broker, stage),
            away(
                "broker",
                words::text!("check host and port of AMQP_URL, and the broker's log")
            )
        ),
        in_time(
            redis::examine(rt, stage),
            away(
                "redis",
                words::text!("check host and port of REDIS_URL, and whether Redis is overloaded")
            )
        ),
    );
    findings.extend(redis);
    findings
}

/// What a probe found, or what is said when it takes too long.
pub async fn in_time<T>(probe: impl Future<Output = T>, too_late: impl FnOnce() -> T) -> T {
    tokio::time::timeout(PATIENCE, probe)
        .await
        .unwrap_or_else(|_| too_late())
}
