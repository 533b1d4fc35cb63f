//! How a plan is run: speed, canary, when it stops by itself.

use super::rate::Rate;
use serde::{Deserialize, Serialize};

/// Sizes of the first portions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Canary(pub Vec<u64>);

/// Checked options; stored with the plan, so that `resume` goes on in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// How fast at most.
    pub rate: Option<Rate>,
    /// First portions.
    pub canary: Canary,
    /// Share of failures that is too much.
    pub stop_at: f64,
    /// Letters under way at a time; `None`: about what is handled in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
    /// Longest silence in milliseconds; `None`: by the retry ladder.
    pub patience_ms: Option<u64>,
    /// Whether the outcomes are waited for.
    pub wait: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: None,
            canary: Canary(vec![1, 10]),
            stop_at: 0.2,
            window: None,
            patience_ms: None,
            wait: true,
        }
    }
}

impl Options {
    /// Everything at once, without waiting for outcomes.
    #[must_use]
    pub fn at_once() -> Self {
        Self {
            canary: Canary(Vec::new()),
            wait: false,
            ..Self::default()
        }
    }
}
