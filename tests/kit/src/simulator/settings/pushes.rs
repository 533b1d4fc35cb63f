//! How Jiandaoyun tells of what people do to rows (数据推送).

use serde::{Deserialize, Serialize};

/// Where pushes go and what becomes of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushSettings {
    /// Where they go; none are sent without it.
    pub url: Option<String>,
    /// What they are signed with.
    pub secret: String,
    /// They never leave.
    pub lost: bool,
    /// Each is sent twice, also after it was answered.
    pub doubled: bool,
    /// They are signed with something else.
    pub forged: bool,
    /// Seconds that the time of the signature is behind.
    pub old_s: i64,
    /// They leave so much later.
    pub late_ms: u64,
    /// The two headers have each other's contents, as in the vendor's own example.
    pub exchanged: bool,
    /// How often a push is sent again that was not answered 2xx.
    pub retries: u32,
    /// Wait before that.
    pub retry_ms: u64,
    /// Limit of an answer.
    pub answer_ms: u64,
    /// After so many failed calls in a row nothing is sent any more.
    pub off_after: u32,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            url: None,
            secret: "sim-hook-secret".to_owned(),
            lost: false,
            doubled: false,
            forged: false,
            old_s: 0,
            late_ms: 0,
            exchanged: false,
            retries: 5,
            retry_ms: 200,
            answer_ms: 2000,
            off_after: 100,
        }
    }
}
