//! Logs to standard error, as lines for people or as JSON for a collector.

use super::config::{LogConfig, LogFormat, wants_colour};
use crate::setting::ConfigError;
use std::{fmt, io::IsTerminal as _};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// The broker client logs every closed channel as an error, also where we expect it; its caller gets the
/// same as a result and decides. `LOG_LEVEL=info,lapin=debug` brings it back.
const QUIET: &str = "lapin=off";

/// Starts logging alone, for commands that serve no metrics.
pub(crate) fn start_logging(config: &LogConfig) -> Result<(), ConfigError> {
    let refused = |error| {
        ConfigError::new(
            "LOG_LEVEL",
            error,
            words::tr!("write a level such as info, or info,pipeline=debug"),
        )
    };
    let filter = format!("{QUIET},{}", config.filter);
    let filter = EnvFilter::builder().parse(filter).map_err(refused)?;
    let terminal = std::io::stderr().is_terminal();
    let format = config.format.unwrap_or(if terminal {
        LogFormat::Human
    } else {
        LogFormat::Json
    });
    // Who closes standard error reads no line, and none about that either.
    let lines = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let installed = match format {
        LogFormat::Human => registry
            .with(
                lines
                    .with_ansi(terminal && wants_colour())
                    .map_event_format(InEnglish),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).map_event_format(InEnglish))
            .try_init(),
    };
    // Only the first service of a process installs; the others log through it.
    if installed.is_ok() {
        log_panics();
    }
    Ok(())
}

/// Writes lines in English, whatever language is spoken: an error that is a field is put into words here, not earlier.
struct InEnglish<F>(F);

impl<S, N, F> FormatEvent<S, N> for InEnglish<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        words::english(|| self.0.format_event(context, writer, event))
    }
}

/// A panic reaches the log collector as one event, and standard error as usual.
fn log_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let location = info.location().map(ToString::to_string);
        tracing::error!(location, "panicked");
        previous(info);
    }));
}
