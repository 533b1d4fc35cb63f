//! The metrics recorder: installed once a process, rendered by the admin port.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::names::{self, Kind};
use crate::names::Namespace;
use crate::setting::ConfigError;

/// Renders what has been measured. Clones are the same recorder.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder, or hands out the one that is installed. Every metric carries the namespace, so that several
    /// pipelines on one Prometheus are told apart; a process is of one pipeline.
    pub fn install(namespace: &Namespace) -> Result<Self, ConfigError> {
        static INSTALLED: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| install(namespace).map_err(|error| error.to_string()));
        match installed {
            Ok(handle) => Ok(Self(handle.clone())),
            Err(error) => Err(ConfigError::message(words::tr!(
                "cannot install the metrics recorder: {error}"
            ))),
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples into the histograms; must be called every few seconds or memory grows with every sample.
    pub(crate) fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn install(namespace: &Namespace) -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new().add_global_label(names::NAMESPACE, namespace.to_string());
    for metric in names::ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
        }
    }
    let handle = builder.install_recorder()?;
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.unit, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.unit, metric.help),
        }
    }
    Ok(handle)
}
