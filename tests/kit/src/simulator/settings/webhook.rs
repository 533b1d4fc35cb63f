//! How OKKI's webhook behaves; without a registered callback nothing is sent at all.

use serde::{Deserialize, Serialize};

/// The dress of a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushForm {
    /// `{"message_id", "data": base64}`, sealed, as documented
    #[default]
    Sealed,
    /// The same with `data` as it was before it was sealed
    Opened,
    /// `{"company_id", "serial_id"}`, the event in a header
    Bare,
    /// `{"event", "payload": {…}}`
    Payload,
    /// `[{"event", "data": {…}}]` with ids as text
    List,
}

/// Switches of the webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// The account has the Pro plan; without it every call about webhooks is refused.
    pub available: bool,
    /// Events that are never sent, percent.
    pub lost: u64,
    /// Events that are sent twice, percent.
    pub doubled: u64,
    /// How long after its change an event is sent, milliseconds.
    pub late_ms: u64,
    /// Events that come with a forged one about the same customer, percent.
    pub forged: u64,
    /// The dress.
    pub form: PushForm,
    /// Pushes are signed.
    pub signed: bool,
    /// When a push that was not answered well is repeated, milliseconds each.
    pub retries_ms: Vec<u64>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        WebhookSettings {
            available: true,
            lost: 0,
            doubled: 0,
            late_ms: 0,
            forged: 0,
            form: PushForm::default(),
            signed: true,
            retries_ms: vec![10_000, 30_000, 60_000],
        }
    }
}
