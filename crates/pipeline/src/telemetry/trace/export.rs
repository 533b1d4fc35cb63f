//! From finished spans to the collector: OTLP as protobuf over HTTP, in batches, never in the way of the work.

use super::{config::TraceConfig, span::TRACER};
use crate::{
    http::{self, HttpConfig, read_capped},
    setting::ConfigError,
    tls::TlsFiles,
};
use async_trait::async_trait;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use std::{sync::OnceLock, time::Duration};
use tokio::runtime::Handle;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

const TIMEOUT: Duration = Duration::from_secs(10);
/// The rest of the spans at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(3);
const ANSWER_LIMIT: usize = 1 << 20;

/// Starts exporting, if a collector is named. Must be called inside the runtime.
///
/// # Errors
/// When the exporter cannot be built.
pub fn start(
    config: &TraceConfig,
    service: &'static str,
    instance: &str,
    namespace: String,
    tls: &TlsFiles,
) -> Result<(), ConfigError> {
    let Some(endpoint) = &config.endpoint else {
        return Ok(());
    };
    let refuse = |problem: String| {
        ConfigError::new(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            problem,
            words::tr!("write for example http://collector:4318"),
        )
    };
    let http = HttpConfig {
        connect_timeout: TIMEOUT,
        tls: tls.clone(),
    };
    let client = http::Client::new(http).map_err(|error| refuse(error.to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client {
            client,
            runtime: Handle::current(),
        })
        .with_endpoint(endpoint.as_str())
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| refuse(error.to_string()))?;
    let root = config.ratio.map_or(Sampler::AlwaysOn, Sampler::TraceIdRatioBased);
    let resource = Resource::builder_empty()
        .with_service_name(format!("okki-{service}"))
        .with_attributes([
            KeyValue::new("service.namespace", namespace),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_owned()),
        ])
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(root)))
        .with_resource(resource)
        .build();
    // Only the first service of a process exports, as with logs.
    if TRACER.set(provider.tracer("okki-pipeline")).is_ok() {
        drop(PROVIDER.set(provider));
    }
    Ok(())
}

/// Sends what is left; call it once at the end of the process.
pub async fn finish() {
    let Some(provider) = PROVIDER.get() else { return };
    // The provider waits for its own thread, which must not be waited for on a thread of the runtime.
    let sent = tokio::task::spawn_blocking(|| provider.shutdown_with_timeout(LAST_WORDS)).await;
    if let Ok(Err(error)) = sent {
        tracing::debug!(%error, "last spans not exported");
    }
}

/// The exporter runs on a thread of its own, the HTTP client needs the runtime.
#[derive(Debug)]
struct Client {
    client: http::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let exchange = self.runtime.spawn(async move {
            let request = reqwest::Request::try_from(request)?;
            let mut answer = client.execute(request).await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let mut response = Response::new(read_capped(answer, ANSWER_LIMIT).await?);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, HttpError>(response)
        });
        exchange.await?
    }
}
