//! The namespace, and the names of queues.

use crate::stage::Stage;
use std::{fmt, str::FromStr, time::Duration};

/// Separates pipelines (and tests) that share a broker and a Redis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace(String);

/// A namespace that cannot be part of a queue name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", words::tr!("namespace `{0}`: expected 1 to 40 characters of a-z, 0-9, `-` and `_`, beginning with a letter or digit"))]
pub struct InvalidNamespace(String);

impl Namespace {
    /// The stage's work queue, `<ns>.<stage>`.
    #[must_use]
    pub fn queue(&self, stage: Stage) -> String {
        format!("{self}.{stage}")
    }

    /// Where a failed message waits for `delay` before it returns, `<ns>.<stage>.retry.<delay>`.
    #[must_use]
    pub fn retry_queue(&self, stage: Stage, delay: Duration) -> String {
        format!("{self}.{stage}.retry.{}", DelayName(delay))
    }

    /// Where messages rest that the stage gave up on, `<ns>.<stage>.dead`.
    #[must_use]
    pub fn dead_queue(&self, stage: Stage) -> String {
        format!("{self}.{stage}.dead")
    }

    /// Where archived dead letters rest until their retention ends, `<ns>.<stage>.archive`.
    #[must_use]
    pub fn archive_queue(&self, stage: Stage) -> String {
        format!("{self}.{stage}.archive")
    }

    /// The stream that says what became of every customer, `<ns>.events`.
    #[must_use]
    pub fn event_stream(&self) -> String {
        format!("{self}.events")
    }

    /// No queue has this name: what is published to it is confirmed and gone.
    pub(crate) fn probe_queue(&self) -> String {
        format!("{self}.probe")
    }
}

impl FromStr for Namespace {
    type Err = InvalidNamespace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if starts && text.len() <= 40 && text.chars().all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidNamespace(text.to_owned()))
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prints a delay with its largest whole unit: `500ms`, `5s`, `1m`, `2h`.
struct DelayName(Duration);

impl fmt::Display for DelayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        match () {
            () if ms.is_multiple_of(3_600_000) => write!(f, "{}h", ms / 3_600_000),
            () if ms.is_multiple_of(60_000) => write!(f, "{}m", ms / 60_000),
            () if ms.is_multiple_of(1_000) => write!(f, "{}s", ms / 1_000),
            () => write!(f, "{ms}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_namespace() {
        let ns: Namespace = "okki-eu".parse().unwrap();
        assert_eq!(ns.queue(Stage::Load), "okki-eu.load");
        assert_eq!(ns.dead_queue(Stage::Extract), "okki-eu.extract.dead");
        assert_eq!(
            ns.retry_queue(Stage::Transform, Duration::from_secs(600)),
            "okki-eu.transform.retry.10m"
        );
        assert_eq!(
            ns.retry_queue(Stage::Load, Duration::from_millis(1500)),
            "okki-eu.load.retry.1500ms"
        );
        assert_eq!(ns.event_stream(), "okki-eu.events");
    }

    #[test]
    fn a_namespace_fits_queue_names() {
        for bad in ["", "Okki", "a.b", "-a", "a b", &"a".repeat(41)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad:?}");
        }
    }
}
