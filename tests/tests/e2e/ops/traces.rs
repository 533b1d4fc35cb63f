//! One trace from the listing to the row, as a collector sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message;

use super::refuse_row;

type Spans = Arc<Mutex<Vec<Span>>>;

/// Decodes what is exported, as a collector would.
async fn collector() -> (SocketAddr, Spans) {
    let spans = Spans::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/v1/traces", post(take))
        .with_state(Arc::clone(&spans));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (addr, spans)
}

async fn take(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    for resource in request.resource_spans {
        let names = resource
            .resource
            .unwrap()
            .attributes
            .into_iter()
            .map(|attribute| attribute.key);
        assert!(names.into_iter().any(|name| name == "service.name"));
        spans
            .lock()
            .unwrap()
            .extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    StatusCode::OK
}

/// Spans of each trace by their names.
fn by_trace(spans: &[Span]) -> BTreeMap<Vec<u8>, Vec<&Span>> {
    let mut traces: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    traces
}

#[tokio::test]
async fn every_customer_has_one_trace_from_the_listing_to_the_row() {
    let (addr, spans) = collector().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(75)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{addr}"))
        .start()
        .await;
    let refused = pipeline.simulator.company_ids()[0].to_string();
    pipeline.simulator.fault(refuse_row(&refused));
    pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 29).await;
    pipeline.quiet(Duration::from_secs(60), 1).await;
    // What is left in the exporters is sent at the end of the processes.
    pipeline.drain().await;
    let spans = spans.lock().unwrap().clone();
    let whole: Vec<_> = by_trace(&spans)
        .into_values()
        .filter(|trace| {
            trace.iter().any(|span| span.name == "list") && trace.iter().any(|span| span.name == "load")
        })
        .collect();
    assert!(
        whole.len() >= 30,
        "{} whole traces of {} spans",
        whole.len(),
        spans.len()
    );
    for trace in &whole {
        let named = |name: &str| trace.iter().find(|span| span.name == name);
        let chain = ["list", "extract", "transform", "load"];
        let found = chain.map(|name| named(name).unwrap_or_else(|| panic!("no {name} in {trace:?}")));
        for pair in found.windows(2) {
            assert_eq!(
                pair[1].parent_span_id, pair[0].span_id,
                "{} is not below {}",
                pair[1].name, pair[0].name
            );
        }
    }
    let records: BTreeSet<_> = whole.iter().flatten().map(|span| &span.span_id).collect();
    let batches: Vec<_> = spans.iter().filter(|span| span.name == "load batch").collect();
    assert!(!batches.is_empty());
    for batch in &batches {
        assert!(
            batch.links.iter().any(|link| records.contains(&link.span_id)),
            "a batch without its records"
        );
    }
    let ids: BTreeSet<_> = batches.iter().map(|batch| &batch.span_id).collect();
    let loads = whole.iter().flatten().filter(|span| span.name == "load");
    for load in loads {
        assert!(
            load.links.iter().any(|link| ids.contains(&link.span_id)),
            "a record without its batch"
        );
    }

    // A dead letter can be found in the collector.
    let letter = pipeline
        .queues
        .take_dead(Service::Loader.stage())
        .await
        .unwrap()
        .expect("a dead letter");
    let traceparent = &letter.headers["traceparent"];
    let trace_id = traceparent.split('-').nth(1).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(
        whole.iter().any(|trace| hex(&trace[0].trace_id) == trace_id),
        "{traceparent}"
    );
}

#[tokio::test]
async fn a_collector_that_is_away_hinders_no_service() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(76)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .start()
        .await;
    let replicas = pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(60)).await;
    for id in replicas {
        eventually(Duration::from_secs(60), "it is ready", async || {
            let (status, body) = pipeline[id]
                .get("/readyz")
                .await
                .map_err(|error| error.to_string())?;
            expect(status == 200, || body)
        })
        .await;
    }
    pipeline.drain().await;
}
