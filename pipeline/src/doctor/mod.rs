//! `doctor`: is everything that a service needs there, and what to do about what is not.
//!
//! Each service adds what only it knows (its vendor, its documents) to the findings about broker and Redis.

mod broker;
mod config;
mod redis;

pub use config::DoctorArgs;

use crate::{service::Runtime, stage::Stage};
use serde::Serialize;
use std::{fmt::Display, io::Write, time::Duration};

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Works, with a risk that somebody should know.
    Risk,
    /// The service cannot work, or would lose something.
    Bad,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How well it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing needs to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// As it should be.
    pub fn good(what: impl Into<String>, seen: impl Display) -> Self {
        Self {
            what: what.into(),
            health: Health::Good,
            seen: seen.to_string(),
            remedy: String::new(),
        }
    }

    /// Works, but.
    pub fn risk(what: impl Into<String>, seen: impl Display, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            health: Health::Risk,
            seen: seen.to_string(),
            remedy: remedy.into(),
        }
    }

    /// Does not work.
    pub fn bad(what: impl Into<String>, seen: impl Display, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            health: Health::Bad,
            seen: seen.to_string(),
            remedy: remedy.into(),
        }
    }
}

/// Nobody waits longer for a table; what has not answered by then is as good as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at broker, queues, Redis and clocks, all at the same time.
pub async fn examine(rt: &Runtime, stage: Stage) -> Vec<Finding> {
    let away = |what: &'static str, remedy: &'static str| {
        move || {
            vec![Finding::bad(
                what,
                format!("no answer within {PATIENCE:?}"),
                remedy,
            )]
        }
    };
    let (mut findings, redis) = tokio::join!(
        in_time(
            broker::examine(&rt.broker, stage),
            away("broker", "check host and port of AMQP_URL, and the broker's log")
        ),
        in_time(
            redis::examine(&rt.store),
            away(
                "redis",
                "check host and port of REDIS_URL, and whether Redis is overloaded"
            )
        ),
    );
    findings.extend(redis);
    findings
}

/// What a probe found, or what is said when it takes too long.
pub async fn in_time<T>(probe: impl Future<Output = T>, too_late: impl FnOnce() -> T) -> T {
    tokio::time::timeout(PATIENCE, probe)
        .await
        .unwrap_or_else(|_| too_late())
}

/// Prints the table, or JSON.
///
/// # Errors
/// When something is bad, or nobody reads.
pub fn report(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let bad = findings
        .iter()
        .filter(|finding| finding.health == Health::Bad)
        .count();
    let text = if json {
        let report = serde_json::json!({ "ok": bad == 0, "findings": findings });
        format!("{report:#}\n")
    } else {
        table(findings)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    anyhow::ensure!(
        bad == 0,
        "{bad} of {} things are not as they must be",
        findings.len()
    );
    Ok(())
}

fn table(findings: &[Finding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.what.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for Finding {
        what,
        health,
        seen,
        remedy,
    } in findings
    {
        let mark = match health {
            Health::Good => '✓',
            Health::Risk => '!',
            Health::Bad => '✗',
        };
        let gap = " ".repeat(width - what.chars().count());
        text += &format!("{mark} {what}{gap}  {seen}\n");
        if !remedy.is_empty() {
            text += &format!("  {}  → {remedy}\n", " ".repeat(width));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_a_remedy_for_what_is_wrong() {
        let findings = [
            Finding::good("broker", "RabbitMQ 4.1"),
            Finding::bad("eviction", "allkeys-lru", "set noeviction"),
        ];
        let expected = "✓ broker    RabbitMQ 4.1\n✗ eviction  allkeys-lru\n            → set noeviction\n";
        assert_eq!(table(&findings), expected);
        assert!(report(&findings, true).is_err());
        assert!(report(&findings[..1], false).is_ok());
    }
}
