//! Jiandaoyun's switches and limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pushes::PushSettings;

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

/// Something in the form that writes into a widget whenever somebody else does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Which widget.
    pub widget: String,
    /// Only texts that contain this.
    pub holding: Option<String>,
    /// Stands before the text then; `null`: the cell is left empty.
    pub prefix: Option<String>,
}

/// An app as the list of apps shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSpec {
    /// 24 hexadecimal digits.
    pub app_id: String,
    /// As people see it; names may occur twice.
    pub name: String,
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
    /// A gateway answers larger bodies with a page, 413; `null` = no limit.
    pub largest_body: Option<usize>,
    /// Rows that a page of `data/list` holds at most, whatever `limit` asks for.
    pub page_rows: Option<usize>,
    /// `data/list` begins at the first row whatever `data_id` it is given.
    pub ignore_cursor: bool,
    /// Rows that no page can show: a page of `data/list` with one of them is refused.
    pub unreadable: Vec<Poison>,
    /// A filter for empty cells finds none.
    pub ignore_empty: bool,
    /// Apps by name, also those without a form; an app of a form that is not named here is called OKKI.
    pub apps: Vec<AppSpec>,
    /// Entries that a page of `app/list` and `entry/list` holds at most, whatever `limit` asks for.
    pub listed: Option<usize>,
    /// `app/list` and `entry/list` begin with the first entry whatever `skip` they are given.
    pub ignore_skip: bool,
    /// Widgets whose values are left out without a word.
    pub dropped: Vec<String>,
    /// Widgets whose texts the form changes at once.
    pub rewritten: Vec<Rewrite>,
    /// New rows with a text that contains one of these are confirmed and not stored.
    pub lost: Vec<String>,
    /// Of `update` and `delete`, those that answer success and do nothing.
    pub unheeded: Vec<String>,
    /// What people do to rows is pushed to an address.
    pub pushes: PushSettings,
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
            largest_body: None,
            page_rows: None,
            ignore_cursor: false,
            unreadable: Vec::new(),
            ignore_empty: false,
            apps: Vec::new(),
            listed: None,
            ignore_skip: false,
            dropped: Vec::new(),
            rewritten: Vec::new(),
            lost: Vec::new(),
            unheeded: Vec::new(),
            pushes: PushSettings::default(),
        }
    }
}
