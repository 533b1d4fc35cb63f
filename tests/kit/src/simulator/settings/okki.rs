//! OKKI's switches and limits.

use serde::{Deserialize, Serialize};

use super::{ListingSettings, WebhookSettings};

/// How the OKKI token bucket is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limiter {
    /// `per_second` tokens a second, at most `burst` saved up.
    Bucket,
    /// Never more than `per_second` in any one-second window.
    Sliding,
}

/// How OKKI says "too many".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitAnswer {
    /// HTTP 429 with `Retry-After`.
    Http429,
    /// HTTP 200 with `{"code":429}`.
    Code429,
}

/// How OKKI refuses a token on a resource call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthAnswer {
    /// HTTP 401 with a bare OAuth2 error.
    Http401,
    /// HTTP 200 with a bare OAuth2 error.
    Body,
    /// HTTP 200 with the usual envelope and code 401.
    Code401,
}

/// Order of OKKI's listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Newest update first, then highest id.
    Desc,
    /// Oldest update first.
    Asc,
    /// Newest first, but rows of the same second change places on every call.
    Unstable,
    /// Another order on every call; no client can page through this safely.
    Shuffled,
}

/// Shapes of `customers[].tel_list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelList {
    /// `[["86","123"]]`
    Pairs,
    /// `[{"0":"86","1":"123"}]`
    Objects,
    /// `["86","123"]`, the first phone only
    Flat,
}

/// Success code in OKKI's envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessCode {
    /// `"code": 200`
    Ok200,
    /// `"code": 0`
    Zero,
    /// no `code` at all
    Absent,
}

/// How OKKI writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// `2026-11-28 04:59:08`, Beijing
    Plain,
    /// `2026-11-28T04:59:08+08:00`
    Offset,
    /// `2026-11-27T20:59:08.000Z`
    Utc,
    /// `1795813148000`
    Millis,
    /// `"1795813148000"`
    MillisText,
    /// `1795813148`
    Seconds,
    /// `"1795813148"`
    SecondsText,
    /// `2026/11/28 04:59:08`
    Slashes,
    /// `28. Nov 2026, 4h59`, which nobody can order
    Odd,
}

/// Shapes of the dictionary of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldList {
    /// `[{"id": "name", "name": "公司名称", "field_type": 1, …}]`, as documented: without groups
    Plain,
    /// `[{"name": "基本信息", "fields": […]}]`, as in a detail
    Grouped,
    /// Not shown to this application.
    Refused,
}

/// OKKI's switches and limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OkkiSettings {
    /// Accepted client id.
    pub client_id: String,
    /// Accepted client secret.
    pub client_secret: String,
    /// Scopes the application may ask for.
    pub scopes: Vec<String>,
    /// Life of a token session in seconds; asking again does not prolong it.
    pub token_lifetime_s: i64,
    /// Put `expires_in` into the token answer.
    pub show_expires_in: bool,
    /// Wrap the token answer in `{code, data}`.
    pub enveloped_token: bool,
    /// Answer to a refused token.
    pub auth_answer: AuthAnswer,
    /// Token, list and detail calls together, per second; `null` = no limit.
    pub per_second: Option<f64>,
    /// Size of the token bucket.
    pub burst: u32,
    /// Bucket or sliding window.
    pub limiter: Limiter,
    /// Refuse calls over the limit (they are counted either way).
    pub enforce: bool,
    /// Shape of the refusal.
    pub limit_answer: LimitAnswer,
    /// `Retry-After` seconds.
    pub retry_after_s: u64,
    /// Calls per Beijing day; `null` = no limit.
    pub daily: Option<u64>,
    /// Sort order of the listing.
    pub order: Order,
    /// Page size when `count` is missing.
    pub count_default: usize,
    /// Larger values of `count` are clamped silently.
    pub count_cap: usize,
    /// Shape of `tel_list`.
    pub tel_list: TelList,
    /// Let `totalItem` and `field_type` arrive as text now and then.
    pub mixed_numbers: bool,
    /// Give business errors an HTTP status equal to their code instead of 200.
    pub matching_status: bool,
    /// Success code of the envelope.
    pub success_code: SuccessCode,
    /// Time each call takes, milliseconds.
    pub latency_ms: u64,
    /// So many calls in each window, told in headers of every answer; calls over it are refused. `null` = no such limit, and
    /// no headers.
    pub allowance: Option<Allowance>,
    /// What the listing does although it should not.
    pub listing: ListingSettings,
    /// How listed rows write their times.
    pub list_time: TimeForm,
    /// How details write their times.
    pub detail_time: TimeForm,
    /// How the envelope writes `now`.
    pub now_time: TimeForm,
    /// The webhook.
    pub webhooks: WebhookSettings,
    /// Shape of the dictionary of fields.
    pub fields: FieldList,
}

/// A limit that a vendor tells in its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Calls of a window.
    pub calls: u64,
    /// Length of a window, which begins with its first call.
    pub seconds: u64,
}

impl Default for OkkiSettings {
    fn default() -> Self {
        OkkiSettings {
            client_id: "sim-okki-client".into(),
            client_secret: "sim-okki-secret".into(),
            scopes: ["company", "product", "user", "webhook"]
                .map(str::to_owned)
                .into(),
            token_lifetime_s: 28_800,
            show_expires_in: true,
            enveloped_token: false,
            auth_answer: AuthAnswer::Http401,
            per_second: Some(100.0),
            burst: 100,
            limiter: Limiter::Bucket,
            enforce: true,
            limit_answer: LimitAnswer::Http429,
            retry_after_s: 1,
            daily: None,
            order: Order::Desc,
            count_default: 20,
            count_cap: 500,
            tel_list: TelList::Pairs,
            mixed_numbers: true,
            matching_status: false,
            success_code: SuccessCode::Ok200,
            latency_ms: 0,
            allowance: None,
            listing: ListingSettings::default(),
            list_time: TimeForm::Plain,
            detail_time: TimeForm::Plain,
            now_time: TimeForm::Plain,
            webhooks: WebhookSettings::default(),
            fields: FieldList::Plain,
        }
    }
}
