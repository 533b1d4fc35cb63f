//! Spans of records and batches, and the header that joins them.

use crate::stage::Stage;
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
pub(super) static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What a span says of a message: ids only, since a collector must not learn what a customer is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageIds<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) company_id: &'a str,
    pub(crate) run_id: &'a str,
    /// Attempt that the handling is.
    pub(crate) attempt: u32,
    /// W3C trace context of the span that caused the message.
    pub(crate) traceparent: Option<&'a str>,
}

/// One handling of one message.
#[derive(Debug)]
pub(crate) struct RecordSpan(Span);

/// One handling of a batch.
#[derive(Debug)]
pub(crate) struct BatchSpan(Span);

/// Begins the trace of a listed customer; its header value. `None` when there are no traces.
pub(crate) fn listed(ids: MessageIds<'_>) -> Option<String> {
    let tracer = TRACER.get()?;
    let builder = tracer
        .span_builder("list")
        .with_kind(SpanKind::Producer)
        .with_attributes(attributes(ids));
    let mut span = tracer.build_with_context(builder, &Context::new());
    span.end();
    Some(traceparent(span.span_context()))
}

/// Begins the handling of a message.
pub(crate) fn record(stage: Stage, ids: MessageIds<'_>) -> Option<RecordSpan> {
    let tracer = TRACER.get()?;
    let parent = ids.traceparent.and_then(parse);
    let context = parent.map_or_else(Context::new, |parent| {
        Context::new().with_remote_span_context(parent)
    });
    let mut attributes = attributes(ids);
    attributes.push(KeyValue::new("okki.attempt", i64::from(ids.attempt)));
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

fn attributes(ids: MessageIds<'_>) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.message.id", ids.message_id.to_owned()),
        KeyValue::new("okki.company.id", ids.company_id.to_owned()),
        KeyValue::new("okki.run.id", ids.run_id.to_owned()),
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
