//! Why nothing is started now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why nothing is started now. Each reason is closed and opened on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// The service has not finished starting.
    Starting,
    /// The broker is not reachable.
    Broker,
    /// Redis is not reachable.
    Redis,
    /// A vendor refuses our credentials or permissions.
    Credentials,
    /// A vendor does not answer.
    Outage,
    /// A vendor's quota is used up for longer than a moment.
    Quota,
    /// The form, the account or the subscription must be changed by a person.
    Configuration,
    /// The index of the form is being rebuilt.
    Index,
    /// The form may have rows without a key.
    Keyless,
    /// An operator lets the stage rest.
    Operator,
    /// The process has no settings yet.
    Setup,
}

impl Pause {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Starting,
        Self::Broker,
        Self::Redis,
        Self::Credentials,
        Self::Outage,
        Self::Quota,
        Self::Configuration,
        Self::Index,
        Self::Keyless,
        Self::Operator,
        Self::Setup,
    ];

    /// The reason's word in metrics and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Broker => "broker",
            Self::Redis => "redis",
            Self::Credentials => "credentials",
            Self::Outage => "outage",
            Self::Quota => "quota",
            Self::Configuration => "configuration",
            Self::Index => "index",
            Self::Keyless => "keyless",
            Self::Operator => "operator",
            Self::Setup => "setup",
        }
    }

    /// The reason in one line, for people.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Starting => words::mark!("paused: starting"),
            Self::Broker => words::mark!("paused: broker"),
            Self::Redis => words::mark!("paused: redis"),
            Self::Credentials => words::mark!("paused: credentials"),
            Self::Outage => words::mark!("paused: outage"),
            Self::Quota => words::mark!("paused: quota"),
            Self::Configuration => words::mark!("paused: configuration"),
            Self::Index => words::mark!("paused: index"),
            Self::Keyless => words::mark!("paused: keyless"),
            Self::Operator => words::mark!("paused: operator"),
            Self::Setup => words::mark!("paused: setup"),
        }
    }
}

/// One standing reason, for `/readyz` and `/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingPause {
    /// The reason.
    pub reason: Pause,
    /// What exactly, for people; no secrets.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}
