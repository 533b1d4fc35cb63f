//! Many records in one message: packed by the publisher, unpacked by the consumer; nothing above them notices.
//!
//! A hop of the broker costs a message the same whatever it carries, so what is published together for a work queue
//! travels together: one kind, one lane, up to a count and a size. What failed, was put back or waits travels alone.

use super::{Envelope, Outgoing, Target};
use crate::{message::part_tag, stage::Stage};
use bytes::Bytes;
use prost::Message;
use proto::v2::{Bundle, BundledRecord};
use std::borrow::Cow;

/// Value of the AMQP `type` property.
pub(crate) const TYPE: &str = "okki.pipeline.v2.Bundle";
/// What the headers of a record take beside its body, about.
const BESIDE: usize = 200;

/// How much one message carries at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleConfig {
    /// Records; 1: every record travels alone.
    pub records: usize,
    /// Refs: each is a call to the vendor, so many replicas have to share few of them.
    pub refs: usize,
    /// Bytes; a record that is larger travels alone.
    pub bytes: usize,
}

impl BundleConfig {
    /// More saves nothing that can be measured (docs/costs.md).
    pub(crate) const DEFAULT_RECORDS: &'static str = "100";
    /// About thirty answers of OKKI.
    pub(crate) const DEFAULT_BYTES: &'static str = "64kB";
    /// As many as a replica fetches at a time (`OKKI_CONCURRENCY`).
    pub(crate) const REFS: usize = 8;

    /// Records that may go to a queue together.
    fn records_to(self, queue: &Target) -> usize {
        match queue {
            Target::Stage(Stage::Extract) => self.records.min(self.refs),
            _ => self.records,
        }
    }
}

impl Default for BundleConfig {
    fn default() -> Self {
        Self {
            records: 100,
            refs: Self::REFS,
            bytes: 64_000,
        }
    }
}

/// A bundle in the making.
struct Open<'a> {
    first: &'a Outgoing,
    others: Vec<&'a Outgoing>,
    bytes: usize,
}

/// The same records in fewer messages; the order within a queue, a kind and a lane stays.
pub(crate) fn pack(messages: &[Outgoing], most: BundleConfig) -> Vec<Cow<'_, Outgoing>> {
    if most.records < 2 || messages.len() < 2 {
        return messages.iter().map(Cow::Borrowed).collect();
    }
    let mut packed = Vec::with_capacity(messages.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    for message in messages {
        let bytes = message.size() + BESIDE;
        if !may_travel_with_others(message) || bytes > most.bytes {
            // Behind those of before.
            let before = open
                .iter()
                .position(|bundle| may_travel_together(bundle.first, message));
            packed.extend(before.map(|at| open.swap_remove(at).closed()));
            packed.push(Cow::Borrowed(message));
            continue;
        }
        let begun = Open {
            first: message,
            others: Vec::new(),
            bytes,
        };
        let Some(bundle) = open
            .iter_mut()
            .find(|bundle| may_travel_together(bundle.first, message))
        else {
            open.push(begun);
            continue;
        };
        if bundle.others.len() + 1 < most.records_to(&message.queue) && bundle.bytes + bytes <= most.bytes {
            bundle.bytes += bytes;
            bundle.others.push(message);
        } else {
            packed.push(std::mem::replace(bundle, begun).closed());
        }
    }
    packed.extend(open.into_iter().map(Open::closed));
    packed
}

fn may_travel_together(one: &Outgoing, other: &Outgoing) -> bool {
    let (one_beside, other_beside) = (&one.envelope, &other.envelope);
    one.queue == other.queue && one_beside.kind == other_beside.kind && one_beside.lane == other_beside.lane
}

/// Only what goes to a stage for the first time.
fn may_travel_with_others(message: &Outgoing) -> bool {
    let envelope = &message.envelope;
    matches!(message.queue, Target::Stage(_))
        && message.waits().is_none()
        && envelope.kind != TYPE
        && envelope.history.is_empty()
        && !envelope.suspect
        && [
            &envelope.reason,
            &envelope.failure,
            &envelope.archived,
            &envelope.life,
        ]
        .iter()
        .all(|header| header.is_none())
}

impl<'a> Open<'a> {
    fn closed(self) -> Cow<'a, Outgoing> {
        let Self { first, others, .. } = self;
        if others.is_empty() {
            return Cow::Borrowed(first);
        }
        let messages = || std::iter::once(first).chain(others.iter().copied());
        let envelope = Envelope {
            message_id: format!("Bundle:{}:{}", others.len() + 1, first.envelope.message_id),
            kind: TYPE.to_owned(),
            attempt: 1,
            first_seen_ms: messages()
                .map(|message| message.envelope.first_seen_ms)
                .min()
                .unwrap_or_default(),
            lane: first.envelope.lane.clone(),
            ..Envelope::default()
        };
        let bundle = Bundle {
            kind: first.envelope.kind.clone(),
            lane: first.envelope.lane.clone().unwrap_or_default(),
            records: messages().map(record).collect(),
        };
        Cow::Owned(first.in_place_of(envelope, bundle.encode_to_vec().into(), others.len() + 1))
    }
}

fn record(message: &Outgoing) -> BundledRecord {
    let envelope = &message.envelope;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    BundledRecord {
        body: message.body.clone(),
        message_id: envelope.message_id.clone(),
        attempt: envelope.attempt,
        first_seen: envelope.first_seen_ms,
        run_id: envelope.run_id.clone(),
        company_id: envelope.company_id.clone(),
        version: envelope.version.clone(),
        traceparent: text(&envelope.traceparent),
        replay: text(&envelope.replay),
        replays: envelope.replays,
        repair_of: text(&envelope.repair_of),
    }
}

/// The records of a bundle, each as if it had come alone.
///
/// # Errors
/// When the bytes are no bundle, or one of nothing.
pub(crate) fn unpack(around: &Envelope, body: Bytes) -> Result<Vec<(Envelope, Bytes)>, String> {
    let bundle = Bundle::decode(body).map_err(|error| error.to_string())?;
    if bundle.records.is_empty() {
        return Err(words::text!("no records").to_owned());
    }
    let given = |text: String| (!text.is_empty()).then_some(text);
    let lane = given(bundle.lane);
    let count = bundle.records.len();
    let records = bundle.records.into_iter().enumerate().map(|(at, record)| {
        let put_back = around.replay.as_deref();
        let envelope = Envelope {
            message_id: record.message_id,
            kind: bundle.kind.clone(),
            attempt: record.attempt,
            first_seen_ms: record.first_seen,
            run_id: record.run_id,
            company_id: record.company_id,
            version: record.version,
            traceparent: given(record.traceparent),
            // What a plan put back was the bundle itself, whose end is that of all its records.
            replay: put_back
                .map(|tag| part_tag(tag, at + 1, count))
                .or_else(|| given(record.replay)),
            replays: record.replays.max(around.replays),
            lane: around
                .replay
                .as_ref()
                .and(around.lane.clone())
                .or_else(|| lane.clone()),
            repair_of: given(record.repair_of),
            ..Envelope::default()
        };
        (envelope, record.body)
    });
    Ok(records.collect())
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
