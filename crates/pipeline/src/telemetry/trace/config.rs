//! Where traces go, in the words that OpenTelemetry has for it.

use crate::{setting::ConfigError, settings};
use clap::Args;
use url::Url;

/// Flags of the trace export.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Trace options")]
pub struct TraceArgs {
    /// OTLP collector over HTTP, for example http://collector:4318 [default: no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// Share of customers that are traced, 0 to 1; decided when a customer is listed
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "RATIO")]
    pub otel_traces_sampler_arg: Option<String>,
}

/// Checked settings of the trace export.
#[derive(Debug, Clone, Default)]
pub struct TraceConfig {
    /// `…/v1/traces`; `None` exports nothing.
    pub endpoint: Option<Url>,
    /// Share of traces that are recorded.
    pub ratio: Option<f64>,
}

impl TryFrom<TraceArgs> for TraceConfig {
    type Error = ConfigError;

    fn try_from(args: TraceArgs) -> Result<Self, ConfigError> {
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        settings! {
            endpoint = given(args.otel_exporter_otlp_endpoint).map(|text| endpoint(&text)).transpose();
            ratio = given(args.otel_traces_sampler_arg).map(|text| ratio(&text)).transpose();
        }
        Ok(Self { endpoint, ratio })
    }
}

/// The base that is configured stands for all signals; traces have a path below it.
fn endpoint(text: &str) -> Result<Url, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            problem,
            words::tr!("write for example http://collector:4318"),
        )
    };
    let base = Url::parse(text.trim()).map_err(|error| refuse(words::tr!("is not a URL ({error})")))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(refuse(words::tr!(
            "must begin with http:// or https://; gRPC is not spoken here"
        )));
    }
    let path = format!("{}/v1/traces", base.path().trim_end_matches('/'));
    let mut endpoint = base;
    endpoint.set_path(&path);
    Ok(endpoint)
}

fn ratio(text: &str) -> Result<f64, ConfigError> {
    let ratio: Option<f64> = text
        .trim()
        .parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| {
        let problem = words::tr!("`{text}` is not a number from 0 to 1");
        ConfigError::new(
            "OTEL_TRACES_SAMPLER_ARG",
            problem,
            words::tr!("write for example 0.01"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_added_to_the_base() {
        assert_eq!(
            endpoint("http://c:4318").unwrap().as_str(),
            "http://c:4318/v1/traces"
        );
        assert_eq!(
            endpoint("https://c/otlp/ ").unwrap().as_str(),
            "https://c/otlp/v1/traces"
        );
        assert!(
            endpoint("c:4317")
                .unwrap_err()
                .to_string()
                .starts_with("OTEL_EXPORTER_OTLP_ENDPOINT")
        );
        assert!(ratio("1.5").is_err() && ratio("0.01").is_ok());
    }
}
