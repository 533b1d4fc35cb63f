//! The event of a handled message.

use super::{
    identity::{self, PARKED_ONCE_MS},
    moved::vendor_code,
    words::Cells,
};
use crate::{
    disposition::Disposition,
    failure::{Failure, fingerprint, identity as letters, outcome::plan_and_letter, record::FailureRecord},
    message::{Envelope, Outgoing},
    stage::Stage,
    version::Version,
};
use proto::v1::{Event, Lane, What};
use std::time::Duration;

/// A message that was handled, as its event needs it.
pub(crate) struct Settled<'a> {
    pub(crate) stage: Stage,
    pub(crate) envelope: &'a Envelope,
    pub(crate) body: &'a [u8],
    pub(crate) attempt: u32,
    /// Since it was taken out of its queue.
    pub(crate) taken: Duration,
    /// Unix milliseconds.
    pub(crate) at: i64,
}

/// The period in which a message that is parked again and again says so once.
pub(crate) const fn parked_period(at: i64) -> i64 {
    at / PARKED_ONCE_MS
}

impl Settled<'_> {
    /// What all events of handled messages say.
    fn event(&self, what: What) -> Event {
        let envelope = self.envelope;
        let replay = envelope.replay.as_deref().and_then(plan_and_letter);
        let (plan, letter) = replay.unwrap_or_default();
        Event {
            id: identity::settled(self.stage, envelope, self.attempt, self.body, what, self.at),
            what: what.into(),
            company_id: envelope.company_id.clone(),
            version: envelope.version.parse::<Version>().ok().map(Into::into),
            run_id: envelope.run_id.clone(),
            lane: lane(envelope).into(),
            attempt: self.attempt,
            letter_id: letter.to_owned(),
            plan_id: plan.to_owned(),
            latency_ms: u32::try_from(self.taken.as_millis()).unwrap_or(u32::MAX),
            replays: envelope.replays,
            ..Event::default()
        }
    }

    /// Finished: what the handler says of it, or else what the disposition does.
    pub(crate) fn done(
        &self,
        disposition: Disposition,
        what: Option<What>,
        rule: Option<&str>,
        row_id: String,
        publish: &[Outgoing],
    ) -> Event {
        let what = what.unwrap_or_else(|| by_disposition(self.stage, disposition));
        let made = publish.first().map(|message| &message.envelope().version);
        let published = made.filter(|_| what == What::Fetched);
        Event {
            reason: rule.unwrap_or_default().to_owned(),
            row_id,
            published: published
                .and_then(|version| version.parse::<Version>().ok())
                .map(Into::into),
            ..self.event(what)
        }
    }

    /// It waits in a retry queue, as this copy; with the failure when that costs an attempt.
    pub(crate) fn waiting(&self, failure: Option<&Failure>, copy: &Outgoing) -> Event {
        let what = if failure.is_some() {
            What::Retried
        } else {
            What::Parked
        };
        let wait = copy.waits().unwrap_or_default();
        let mut event = Event {
            next_at: self.at + i64::try_from(wait.as_millis()).unwrap_or(0),
            ..self.event(what)
        };
        if let Some(failure) = failure {
            event.reason = failure.code.to_owned();
            event.group = fingerprint::of_failure(self.stage, failure);
            event.vendor_code = failure
                .vendor
                .as_ref()
                .map(|vendor| vendor.code.clone())
                .unwrap_or_default();
        }
        event
    }

    /// It is dead, as this letter. `cells` are what its words may quote.
    pub(crate) fn died(&self, letter: &Outgoing, cells: impl FnOnce() -> Cells) -> Event {
        let mut event = self.event(What::Died);
        let record = letter.envelope().failure.as_deref();
        let Some(mut record) = record.and_then(|json| serde_json::from_str::<FailureRecord>(json).ok())
        else {
            event.reason = letter.envelope().reason.clone().unwrap_or_default();
            return event;
        };
        event.reason.clone_from(&record.code);
        // Before the words change: the group is that of the letter in its queue.
        event.group = fingerprint::of_record(&record);
        event.vendor_code = vendor_code(&record);
        event.letter_id.clone_from(&record.id);
        if self.envelope.message_id.is_empty() {
            event.id = identity::unnamed_death(self.stage, &record.id);
        }
        debug_assert!(
            letters::digits(&record.id).is_some(),
            "a letter has digits of its own"
        );
        cells().mask(&mut record);
        event.failure = serde_json::to_string(&record).unwrap_or_default();
        event
    }
}

fn lane(envelope: &Envelope) -> Lane {
    match envelope.lane.as_deref() {
        Some("backfill") => Lane::Backfill,
        Some("replay") => Lane::Replay,
        _ => Lane::Live,
    }
}

/// What a disposition is to the account, when the handler says no more.
const fn by_disposition(stage: Stage, disposition: Disposition) -> What {
    match disposition {
        Disposition::Loaded => What::Written,
        Disposition::Unchanged => What::Unchanged,
        Disposition::Skipped => What::Skipped,
        Disposition::Filtered => What::Filtered,
        Disposition::Superseded => What::Superseded,
        Disposition::Duplicate => What::Duplicate,
        Disposition::Discarded => What::Discarded,
        Disposition::Dead => What::Died,
        Disposition::Retried => What::Retried,
        Disposition::Parked | Disposition::Held => What::Parked,
        Disposition::Forwarded => match stage {
            Stage::Extract => What::Fetched,
            Stage::Transform => What::Mapped,
            Stage::Load => What::Forwarded,
        },
    }
}
