//! What a settled batch means for the account of listed customers and for the lag from the CRM to the form.
//!
//! It is written down after everything is durable and before the acknowledgement. A crash in between delivers the
//! messages again; the account knows that it has counted them (see [`crate::accounting`]).

use crate::{
    accounting::Entry, cause::logged, disposition::Disposition, message::Envelope, names::is_lag,
    service::Runtime, stage::Stage, telemetry::names, version::Version,
};

/// Writes down what became of messages. `false` while Redis is away: the stage pauses, and the batch is to be handled
/// again when it is back, which is as harmless as a redelivery.
pub(super) async fn record(
    rt: &Runtime,
    stage: Stage,
    settled: &[(&Envelope, Disposition, Option<&'static str>)],
) -> bool {
    let entries: Vec<_> = settled
        .iter()
        .filter(|(_, disposition, _)| disposition.is_accounted())
        .map(|(envelope, disposition, rule)| Entry {
            run: &envelope.run_id,
            company: &envelope.company_id,
            disposition: *disposition,
            stage,
            rule: *rule,
        })
        .collect();
    if entries.is_empty() {
        return true;
    }
    if let Err(error) = rt.account.record(&entries).await {
        if error.is_outage() {
            rt.redis_lost(&error);
            return false;
        }
        tracing::error!(%stage, error = logged(&error), "the account misses a batch");
    }
    // The lag is a promise about changes; others would say how old the customers are.
    let now = jiff::Timestamp::now().as_second();
    let loaded = settled
        .iter()
        .filter(|(envelope, disposition, _)| *disposition == Disposition::Loaded && envelope.is_live());
    for (envelope, ..) in loaded {
        let version = envelope.version.parse::<Version>().ok();
        let Some(changed) = version.map(|version| version.update_time).filter(|at| *at > 0) else {
            continue;
        };
        let lag = (now - changed).max(0);
        if is_lag(&envelope.run_id, lag) {
            metrics::histogram!(names::END_TO_END_LAG).record(lag as f64);
        }
    }
    true
}
