//! What a settled batch means for the books and for the lag from the CRM to the form.
//!
//! It is written down after everything is durable and before the acknowledgement. A crash in between delivers the
//! messages again; the books know that they have counted them (see [`crate::books`]).

use crate::{
    books::{Books, Entry, Fate},
    broker::envelope::Envelope,
    service::Runtime,
    stage::Stage,
    telemetry::names,
    version::Version,
};

/// A message that was settled for good, or went to the dead-letter queue.
pub(super) struct Settled {
    run: String,
    company: String,
    version: Option<Version>,
    fate: Fate,
}

impl Settled {
    /// `None` for what is still under way; `outcome` is the name that metrics have for it.
    pub(super) fn of(envelope: &Envelope, outcome: &str, stage: Stage) -> Option<Self> {
        let fate = if outcome == "dead" {
            Fate::dead(stage)
        } else {
            Fate::of(outcome)?
        };
        Some(Self {
            run: envelope.run_id.clone(),
            company: envelope.company_id.clone(),
            version: envelope.version.parse().ok(),
            fate,
        })
    }
}

/// Writes it down. `false` while Redis is away: the stage pauses, and the batch is to be handled again when it is
/// back, which is as harmless as a redelivery.
pub(super) async fn record(rt: &Runtime, stage: Stage, settled: Vec<Settled>) -> bool {
    if settled.is_empty() {
        return true;
    }
    if let Err(error) = write(&rt.books, &settled).await {
        if error.is_outage() {
            rt.redis_lost(&error);
            return false;
        }
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%stage, %error, cause, "the books miss a batch");
    }
    let now = jiff::Timestamp::now().as_second();
    let loaded = settled.iter().filter(|settled| settled.fate == Fate::Loaded);
    for version in loaded
        .filter_map(|settled| settled.version)
        .filter(|version| version.update_time > 0)
    {
        metrics::histogram!(names::END_TO_END_LAG).record((now - version.update_time).max(0) as f64);
    }
    true
}

async fn write(books: &Books, settled: &[Settled]) -> Result<u64, crate::store::Error> {
    let entries: Vec<_> = settled
        .iter()
        .map(
            |Settled {
                 run, company, fate, ..
             }| Entry {
                run,
                company,
                fate: *fate,
            },
        )
        .collect();
    books.settle(&entries).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_finished_or_dead_is_written_down() {
        let envelope = Envelope {
            run_id: "r".into(),
            company_id: "7".into(),
            version: "5:6".into(),
            ..Envelope::default()
        };
        let fate = |outcome| Settled::of(&envelope, outcome, Stage::Load).map(|settled| settled.fate);
        assert_eq!(fate("loaded"), Some(Fate::Loaded));
        assert_eq!(fate("dead"), Some(Fate::dead(Stage::Load)));
        for under_way in ["forwarded", "retried", "held", "parked", "duplicate"] {
            assert_eq!(fate(under_way), None, "{under_way}");
        }
    }
}
