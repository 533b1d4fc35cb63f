//! How fresh the form is, as loaders say it beside the extractor: who lists in a CronJob cannot be asked in between, and who
//! is gone cannot be asked at all.

use crate::{cause::logged, listed, service::Runtime, store::Error, telemetry::names};

/// Runs that list what has changed.
const LIVE: &str = "live";

/// Shows the age of the checkpoint, and of the customer that has waited longest since it was listed as changed.
pub(super) async fn show(rt: &Runtime) {
    match ages(rt).await {
        Ok((checkpoint, oldest)) => {
            if let Some(age) = checkpoint {
                metrics::gauge!(names::CHECKPOINT_AGE).set(age);
            }
            metrics::gauge!(names::OLDEST_OPEN).set(oldest);
        }
        Err(error) => tracing::debug!(error = logged(&error), "how fresh the form is cannot be asked"),
    }
}

/// Both in seconds, on Redis' clock.
async fn ages(rt: &Runtime) -> Result<(Option<f64>, f64), Error> {
    let oldest = rt.account.oldest(LIVE).await?;
    let mut connection = rt.store.connection().await?;
    let mut pipe = redis::pipe();
    pipe.cmd("HMGET")
        .arg(rt.namespace.kind_key(LIVE))
        .arg("checkpoint")
        .arg(listed::FIELD);
    pipe.cmd("TIME");
    type Answer = ((Option<i64>, Option<String>), (i64, i64));
    let ((checkpoint, seen), (now, micros)): Answer = pipe.query_async(&mut *connection).await?;
    let now_ms = now * 1_000 + micros / 1_000;
    let waits_ms = oldest.map_or(0, |(_, since)| (now_ms - since).max(0));
    Ok((
        checkpoint
            .map(|checkpoint| (now_ms - listed::at_ms(checkpoint, seen.as_deref())).div_euclid(1_000) as f64),
        waits_ms as f64 / 1_000.0,
    ))
}
