//! Every switch and limit of the two simulated vendors, with the reference's assumption as default. Settings are plain
//! data: `POST /sim/settings` merges a JSON object into them, and an unknown name is refused by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds added to the vendors' clock (not to the rate limits).
    pub clock_offset_s: i64,
    /// OKKI's side.
    pub okki: OkkiSettings,
    /// Jiandaoyun's side.
    pub jdy: JdySettings,
}

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
}

impl Default for OkkiSettings {
    fn default() -> Self {
        OkkiSettings {
            client_id: "sim-okki-client".into(),
            client_secret: "sim-okki-secret".into(),
            scopes: vec!["company".into(), "product".into(), "user".into()],
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
        }
    }
}

/// What happens to a batch whose `transaction_id` is still being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Concurrent {
    /// The second request waits for the first.
    #[serde(rename = "wait")]
    Wait,
    /// 400 with code 9007.
    #[serde(rename = "9007")]
    Lock9007,
    /// 400 with code 17026.
    #[serde(rename = "17026")]
    Exists17026,
}

/// From when the hour of a `transaction_id` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeFrom {
    /// From the first request.
    First,
    /// From the latest request.
    Last,
}

/// One API key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRule {
    /// Refuse every call with this code (8302, 17018, 17052, 7212, …).
    pub refuse: Option<i64>,
    /// Apps the key may use; others answer 17053.
    pub apps: Option<Vec<String>>,
    /// Operations the key may use; others answer 17054.
    pub apis: Option<Vec<String>>,
}

/// Rows that make a whole request fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// Any text of a row that contains this …
    pub marker: String,
    /// … makes the request fail with this code.
    pub code: i64,
}

/// Jiandaoyun's switches and limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JdySettings {
    /// Known API keys; `null` takes a key away.
    pub keys: BTreeMap<String, Option<KeyRule>>,
    /// Calls per second and v5 operation; `null` = no limit.
    pub limits: BTreeMap<String, Option<u32>>,
    /// Calls per second for each legacy operation; `null` = no limit.
    pub legacy_per_second: Option<u32>,
    /// Calls per second for the company; `null` = no limit.
    pub company_per_second: Option<u32>,
    /// Refuse calls over a limit (they are counted either way).
    pub enforce: bool,
    /// Answer 8303 also where a single interface is over its limit.
    pub only_8303: bool,
    /// Requests in flight before HTTP 429; `null` = no limit.
    pub concurrency: Option<u32>,
    /// Body of that 429.
    pub concurrency_body: String,
    /// Code for missing or mistyped parameters (3005 or 17017).
    pub invalid_parameter: i64,
    /// Life of a `transaction_id` in seconds.
    pub transaction_lifetime_s: f64,
    /// From when that life runs.
    pub transaction_lifetime_from: LifetimeFrom,
    /// An overwritten row keeps its `_id`; else it is replaced by a row with a new one.
    pub overwrite_keeps_id: bool,
    /// Two requests with one `transaction_id` at the same time.
    pub concurrent: Concurrent,
    /// `transaction_id`s of different forms are different.
    pub transaction_per_form: bool,
    /// Accept `{}` rows in a batch instead of refusing them.
    pub accept_empty_rows: bool,
    /// Refuse `{"value": null}` on every widget type, not only on choices and links.
    pub refuse_null: bool,
    /// Every filter condition is ignored.
    pub ignore_filters: bool,
    /// Conditions on `_id`, `createTime` and `updateTime` work when they carry a `type`.
    pub system_filters: bool,
    /// Values allowed in one `in`/`nin` condition.
    pub filter_values: usize,
    /// Rows younger than this do not show in `data/list` yet.
    pub list_delay_ms: i64,
    /// Contents that the server refuses.
    pub poison: Vec<Poison>,
    /// Known member user names.
    pub members: Vec<String>,
    /// Known department numbers.
    pub departments: Vec<i64>,
    /// Time each call takes, milliseconds; half before, half after the work.
    pub latency_ms: u64,
}

impl Default for JdySettings {
    fn default() -> Self {
        let limits = [
            ("create", 20),
            ("batch_create", 10),
            ("get", 30),
            ("list", 30),
            ("update", 20),
            ("batch_update", 10),
            ("delete", 20),
            ("batch_delete", 10),
            ("widgets", 30),
            ("apps", 30),
            ("entries", 30),
        ];
        JdySettings {
            keys: BTreeMap::from([("sim-jdy-key".to_owned(), Some(KeyRule::default()))]),
            limits: limits
                .into_iter()
                .map(|(op, n)| (op.to_owned(), Some(n)))
                .collect(),
            legacy_per_second: Some(5),
            company_per_second: Some(50),
            enforce: true,
            only_8303: false,
            concurrency: Some(20),
            concurrency_body: String::new(),
            invalid_parameter: 3005,
            transaction_lifetime_s: 3600.0,
            transaction_lifetime_from: LifetimeFrom::First,
            overwrite_keeps_id: true,
            concurrent: Concurrent::Wait,
            transaction_per_form: true,
            accept_empty_rows: false,
            refuse_null: false,
            ignore_filters: false,
            system_filters: false,
            filter_values: 200,
            list_delay_ms: 0,
            poison: Vec::new(),
            members: vec!["xiaojian".into(), "wangxm".into()],
            departments: vec![1, 2, 3],
            latency_ms: 0,
        }
    }
}

impl Settings {
    /// These settings with a JSON object merged in, objects recursively; the error names the setting.
    pub fn merged(&self, patch: &Value) -> Result<Settings, serde_json::Error> {
        let mut whole = serde_json::to_value(self)?;
        merge(&mut whole, patch);
        serde_json::from_value(whole)
    }
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn merging_changes_what_is_named_and_nothing_else() {
        let merged = Settings::default()
            .merged(&serde_json::json!({"jdy": {"limits": {"create": 3}, "concurrent": "9007"}, "okki": {"order": "asc"}}))
            .unwrap();
        assert_eq!(merged.jdy.limits["create"], Some(3));
        assert_eq!(merged.jdy.limits["list"], Some(30));
        assert_eq!(merged.jdy.concurrent, Concurrent::Lock9007);
        assert_eq!(merged.okki.order, Order::Asc);
        assert_eq!(merged.okki.client_id, "sim-okki-client");
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = Settings::default()
            .merged(&serde_json::json!({"jdy": {"enfroce": true}}))
            .unwrap_err();
        assert!(error.to_string().contains("enfroce"), "{error}");
    }
}
