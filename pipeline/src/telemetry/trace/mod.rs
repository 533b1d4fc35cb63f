//! Traces: off unless a collector is named; then one trace per listed customer, from the listing to the row.
//!
//! A trace begins when a ref is published. Every handling of a message is a span below the one that caused it, found
//! through the `traceparent` header, which retries, dead letters and replays keep. The batch that a stage handled is a
//! trace of its own, linked with its records in both directions, because a batch has a hundred parents.

mod config;
mod export;

pub use config::{TraceArgs, TraceConfig};
pub use export::{finish, start};

use crate::{broker::envelope::Envelope, stage::Stage};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
        TraceState, Tracer,
    },
};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use std::sync::OnceLock;

/// The process's tracer; traces are process-wide, as logs and metrics are.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// One handling of one message.
#[derive(Debug)]
pub(crate) struct RecordSpan(Span);

/// One handling of a batch.
#[derive(Debug)]
pub(crate) struct BatchSpan(Span);

/// Begins the trace of a listed customer; its header value. `None` when there are no traces.
pub(crate) fn listed(envelope: &Envelope) -> Option<String> {
    let tracer = TRACER.get()?;
    let builder = tracer
        .span_builder("list")
        .with_kind(SpanKind::Producer)
        .with_attributes(attributes(envelope));
    let mut span = tracer.build_with_context(builder, &Context::new());
    span.end();
    Some(traceparent(span.span_context()))
}

/// Begins the handling of a message.
pub(crate) fn record(stage: Stage, envelope: &Envelope) -> Option<RecordSpan> {
    let tracer = TRACER.get()?;
    let parent = envelope.traceparent.as_deref().and_then(parse);
    let context = parent.map_or_else(Context::new, |parent| {
        Context::new().with_remote_span_context(parent)
    });
    let mut attributes = attributes(envelope);
    attributes.push(KeyValue::new("okki.attempt", i64::from(envelope.attempt)));
    let builder = tracer
        .span_builder(stage.name())
        .with_kind(SpanKind::Consumer)
        .with_attributes(attributes);
    Some(RecordSpan(tracer.build_with_context(builder, &context)))
}

/// Begins the handling of a batch, linked with the records in it.
pub(crate) fn batch<'a>(
    stage: Stage,
    records: impl Iterator<Item = &'a mut RecordSpan>,
) -> Option<BatchSpan> {
    let tracer = TRACER.get()?;
    let mut records: Vec<_> = records.collect();
    let link = |record: &&mut RecordSpan| Link::with_context(record.0.span_context().clone());
    let builder = tracer
        .span_builder(format!("{stage} batch"))
        .with_kind(SpanKind::Internal)
        .with_attributes([KeyValue::new(
            "messaging.batch.message_count",
            records.len() as i64,
        )])
        .with_links(records.iter().map(link).collect());
    let span = tracer.build_with_context(builder, &Context::new());
    for record in &mut records {
        record.0.add_link(span.span_context().clone(), Vec::new());
    }
    Some(BatchSpan(span))
}

impl RecordSpan {
    /// Header value for what this handling causes.
    pub(crate) fn traceparent(&self) -> String {
        traceparent(self.0.span_context())
    }

    /// How it ended.
    pub(crate) fn outcome(&mut self, outcome: &'static str, failure: Option<&'static str>) {
        self.0.set_attribute(KeyValue::new("okki.outcome", outcome));
        if let Some(code) = failure {
            self.0.set_status(Status::error(code));
        }
    }
}

impl Drop for BatchSpan {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Ids only: what a customer is called is nobody's business in a collector.
fn attributes(envelope: &Envelope) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.message.id", envelope.message_id.clone()),
        KeyValue::new("okki.company.id", envelope.company_id.clone()),
        KeyValue::new("okki.run.id", envelope.run_id.clone()),
    ]
}

fn traceparent(context: &SpanContext) -> String {
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        flags.to_u8()
    )
}

/// Reads a W3C `traceparent`; one that is not well formed is as good as none.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_reading_and_writing() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traceparent(&parse(header).unwrap()), header);
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-more";
        assert_eq!(traceparent(&parse(later).unwrap()), header);
    }

    #[test]
    fn damaged_headers_are_none() {
        for bad in [
            "",
            "00-a-b-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(
            parse("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            None
        );
    }
}
