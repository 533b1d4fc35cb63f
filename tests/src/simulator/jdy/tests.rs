//! The Jiandaoyun side through whole requests, without HTTP around them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::http::Request;
use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::simulator::settings::{KeyRule, Poison, Settings};
use crate::simulator::world::World;

struct Bench {
    state: Arc<State>,
}

impl Bench {
    fn with(change: impl FnOnce(&mut JdySettings)) -> Bench {
        let mut settings = Settings::default();
        change(&mut settings.jdy);
        let forms = vec![
            FormSpec::customers()
                .with(WidgetSpec::new("_widget_number", "number", "number"))
                .with(WidgetSpec::new("_widget_time", "time", "datetime"))
                .with(WidgetSpec::new("_widget_user", "user", "user")),
        ];
        Bench {
            state: State::new(settings, World::new(1, 0, 0, 1), forms),
        }
    }

    fn new() -> Bench {
        Bench::with(|_| {})
    }

    fn call(path: &str, body: &Value) -> Call {
        let request = Request::post(path)
            .header("authorization", "Bearer sim-jdy-key")
            .body(())
            .unwrap();
        Call::new(request.into_parts().0, Bytes::from(body.to_string()))
    }

    /// A v5 call with the ids of the form filled in.
    async fn v5(&self, operation: &str, mut body: Value) -> Value {
        body["app_id"] = json!(APP_ID);
        body["entry_id"] = json!(ENTRY_ID);
        self.path(&format!("/api/v5/app/entry/{operation}"), &body).await
    }

    async fn path(&self, path: &str, body: &Value) -> Value {
        self.bent(path, body, Bend::default()).await
    }

    async fn bent(&self, path: &str, body: &Value, bend: Bend) -> Value {
        let reply = execute(&self.state, &Self::call(path, body), bend).await;
        serde_json::from_str(&reply.body).unwrap_or(Value::Null)
    }

    async fn batch(&self, transaction: &str, names: &[&str]) -> Value {
        self.v5(
            "data/batch_create",
            json!({"transaction_id": transaction, "data_list": rows(names)}),
        )
        .await
    }

    /// First cell of every row, in id order.
    async fn names(&self) -> Vec<String> {
        let page = self.v5("data/list", json!({"limit": 100})).await;
        let name = |row: &Value| row[cell_widget(0)].as_str().unwrap_or("-").to_owned();
        page["data"].as_array().unwrap().iter().map(name).collect()
    }
}

fn rows(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({cell_widget(0): {"value": name}, KEY_WIDGET: {"value": format!("k-{name}")}}))
        .collect()
}

fn count(answer: &Value) -> (u64, usize) {
    (
        answer["success_count"].as_u64().unwrap(),
        answer["success_ids"].as_array().unwrap().len(),
    )
}

#[tokio::test]
async fn a_resend_overwrites_by_position_and_reports_only_new_rows() {
    let bench = Bench::new();
    let first = bench.batch("t", &["a", "b"]).await;
    assert_eq!(count(&first), (2, 2));
    let again = bench.batch("t", &["a", "c"]).await;
    assert_eq!(count(&again), (2, 0));
    assert_eq!(bench.names().await, ["a", "c"]);
    let page = bench.v5("data/list", json!({"limit": 100})).await;
    assert_eq!(
        page["data"][1]["_id"], first["success_ids"][1],
        "the row kept its id"
    );
    // more rows than before fill new slots, fewer leave the others alone
    assert_eq!(count(&bench.batch("t", &["a", "c", "d"]).await), (3, 1));
    assert_eq!(count(&bench.batch("t", &["z"]).await), (3, 0));
    assert_eq!(bench.names().await, ["z", "c", "d"]);
}

#[tokio::test]
async fn a_partial_batch_is_completed_by_a_resend() {
    let bench = Bench::new();
    let body = json!({"app_id": APP_ID, "entry_id": ENTRY_ID, "transaction_id": "t", "data_list": rows(&["a", "b", "c"])});
    let path = "/api/v5/app/entry/data/batch_create";
    let partial = bench
        .bent(
            path,
            &body,
            Bend {
                rows: Some(1),
                delay_ms: 0,
            },
        )
        .await;
    assert_eq!(count(&partial), (1, 1));
    assert_eq!(count(&bench.path(path, &body).await), (3, 2));
    assert_eq!(bench.names().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn other_ids_and_no_id_make_new_rows() {
    let bench = Bench::new();
    bench.batch("t1", &["a"]).await;
    bench.batch("t2", &["a"]).await;
    bench
        .v5("data/batch_create", json!({"data_list": rows(&["a"])}))
        .await;
    bench
        .v5(
            "data/create",
            json!({"transaction_id": "t1", "data": {cell_widget(0): {"value": "a"}}}),
        )
        .await;
    bench
        .v5(
            "data/create",
            json!({"transaction_id": "t1", "data": {cell_widget(0): {"value": "a"}}}),
        )
        .await;
    assert_eq!(bench.names().await.len(), 5);
}

#[tokio::test]
async fn after_its_lifetime_an_id_makes_new_rows() {
    let bench = Bench::with(|jdy| jdy.transaction_lifetime_s = 0.0);
    bench.batch("t", &["a"]).await;
    assert_eq!(count(&bench.batch("t", &["a"]).await), (1, 1));
    assert_eq!(bench.names().await, ["a", "a"]);
    assert_eq!(lock(&bench.state.account).transactions.report().late_resends, 1);
}

#[tokio::test]
async fn an_overwritten_row_may_change_its_id() {
    let bench = Bench::with(|jdy| jdy.overwrite_keeps_id = false);
    let first = bench.batch("t", &["a"]).await;
    assert_eq!(count(&bench.batch("t", &["a"]).await), (1, 0));
    let page = bench.v5("data/list", json!({})).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_ne!(page["data"][0]["_id"], first["success_ids"][0]);
}

#[tokio::test]
async fn a_deleted_row_is_made_again_by_a_resend() {
    let bench = Bench::new();
    let first = bench.batch("t", &["a", "b"]).await;
    bench
        .v5("data/delete", json!({"data_id": first["success_ids"][0]}))
        .await;
    assert_eq!(count(&bench.batch("t", &["a", "b"]).await), (2, 1));
}

#[tokio::test]
async fn the_same_id_at_the_same_time() {
    for (mode, answer) in [
        (Concurrent::Wait, None),
        (Concurrent::Lock9007, Some(9007)),
        (Concurrent::Exists17026, Some(17026)),
    ] {
        let bench = Bench::with(|jdy| jdy.concurrent = mode);
        let running = lock(&bench.state.account).transactions.running("0:t");
        let held = running.lock().await;
        let second = bench.batch("t", &["a"]);
        match answer {
            Some(code) => assert_eq!(second.await["code"], code),
            None => {
                let mut second = Box::pin(second);
                assert!(futures::poll!(&mut second).is_pending());
                drop(held);
                assert_eq!(count(&second.await), (1, 1));
            }
        }
    }
}

#[tokio::test]
async fn requests_are_refused_with_the_vendors_codes() {
    let bench = Bench::new();
    let many: Vec<String> = (0..101).map(|i| i.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (operation, body, code) in [
        ("data/batch_create", json!({"data_list": rows(&many)}), 17024),
        ("data/batch_create", json!({"data_list": []}), 3005),
        ("data/batch_create", json!({"data_list": [{}]}), 3005),
        ("data/batch_create", json!({}), 3005),
        (
            "data/batch_create",
            json!({"data_list": rows(&["a"]), "transaction_id": "${x}"}),
            17025,
        ),
        (
            "data/batch_create",
            json!({"data_list": rows(&["a"]), "transaction_id": 7}),
            3005,
        ),
        (
            "data/batch_create",
            json!({"data_list": rows(&["a"]), "data_creator": "nobody"}),
            1010,
        ),
        (
            "data/create",
            json!({"data": {"a": {"value": 1}}, "is_start_workflow": "true"}),
            3005,
        ),
        ("data/create", json!({"data": []}), 3005),
        (
            "data/update",
            json!({"data": {}, "data_id": "59e9a2fe283ffa7c11b1ddbf"}),
            4001,
        ),
        ("data/get", json!({"data_id": "59e9a2fe283ffa7c11b1ddbf"}), 4001),
        (
            "data/delete",
            json!({"data_id": "59e9a2fe283ffa7c11b1ddbf"}),
            4001,
        ),
        ("data/batch_delete", json!({"data_ids": many}), 17033),
        ("data/batch_update", json!({"data_ids": many, "data": {}}), 17023),
        ("data/list", json!({"limit": 101}), 3005),
        ("data/list", json!({"filter": {"cond": []}}), 3005),
    ] {
        let answer = bench.v5(operation, body.clone()).await;
        assert_eq!(answer["code"], code, "{operation} {body}");
    }
    let body = json!({"app_id": "0", "entry_id": ENTRY_ID});
    assert_eq!(
        bench.path("/api/v5/app/entry/widget/list", &body).await["code"],
        2004
    );
    let body = json!({"app_id": APP_ID, "entry_id": "0"});
    assert_eq!(
        bench.path("/api/v5/app/entry/widget/list", &body).await["code"],
        3000
    );
    assert!(bench.names().await.is_empty());
}

#[tokio::test]
async fn keys_are_checked() {
    let rule = |refuse| {
        Some(KeyRule {
            refuse,
            ..KeyRule::default()
        })
    };
    let bench = Bench::with(|jdy| {
        jdy.keys.insert("off".into(), rule(Some(8302)));
        jdy.keys.insert("ip".into(), rule(Some(17052)));
        jdy.keys.insert(
            "other-app".into(),
            Some(KeyRule {
                apps: Some(vec!["x".into()]),
                ..KeyRule::default()
            }),
        );
        jdy.keys.insert(
            "reader".into(),
            Some(KeyRule {
                apis: Some(vec!["list".into()]),
                ..KeyRule::default()
            }),
        );
        jdy.keys.insert("gone".into(), None);
    });
    let body = json!({"app_id": APP_ID, "entry_id": ENTRY_ID, "data": {}});
    for (header, code) in [
        (None, 8301),
        (Some("Basic abc"), 8301),
        (Some("Bearer "), 8301),
        (Some("Bearer wrong"), 17018),
        (Some("Bearer gone"), 17018),
        (Some("Bearer off"), 8302),
        (Some("Bearer ip"), 17052),
        (Some("Bearer other-app"), 17053),
        (Some("Bearer reader"), 17054),
    ] {
        let mut request = Request::post("/api/v5/app/entry/data/create");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let call = Call::new(
            request.body(()).unwrap().into_parts().0,
            Bytes::from(body.to_string()),
        );
        let reply = execute(&bench.state, &call, Bend::default()).await;
        assert_eq!((reply.status, reply.code), (400, code), "{header:?}");
    }
}

#[tokio::test]
async fn one_poisoned_row_refuses_the_whole_request() {
    let bench = Bench::with(|jdy| {
        jdy.poison = vec![Poison {
            marker: "☠".into(),
            code: 3005,
        }]
    });
    assert_eq!(bench.batch("t", &["a", "b☠", "c"]).await["code"], 3005);
    assert!(bench.names().await.is_empty());
    assert_eq!(count(&bench.batch("u", &["a", "c"]).await), (2, 2));
    let id = bench.v5("data/list", json!({})).await["data"][0]["_id"].clone();
    let poisoned = json!({"data_id": id, "data": {cell_widget(0): {"value": "☠"}}});
    assert_eq!(bench.v5("data/update", poisoned).await["code"], 3005);
}

#[tokio::test]
async fn the_cursor_walks_through_everything_in_id_order() {
    let bench = Bench::new();
    let names: Vec<String> = (0..25).map(|i| format!("{i:02}")).collect();
    bench
        .batch("t", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let (mut cursor, mut seen) = (json!(""), Vec::new());
    loop {
        let page = bench
            .v5(
                "data/list",
                json!({"limit": 10, "data_id": cursor, "fields": [cell_widget(0)]}),
            )
            .await;
        let page = page["data"].as_array().unwrap().clone();
        seen.extend(
            page.iter()
                .map(|row| row[cell_widget(0)].as_str().unwrap().to_owned()),
        );
        assert!(
            page.iter()
                .all(|row| row.get(KEY_WIDGET).is_none() && row.get("entryId").is_some())
        );
        if page.len() < 10 {
            break;
        }
        cursor = page[9]["_id"].clone();
    }
    assert_eq!(seen, names);
    assert_eq!(
        bench.v5("data/list", json!({})).await["data"]
            .as_array()
            .unwrap()
            .len(),
        10,
        "the default limit"
    );
}

async fn filtered(bench: &Bench, cond: Value) -> usize {
    let body = json!({"limit": 100, "filter": {"rel": "and", "cond": [cond]}});
    bench.v5("data/list", body).await["data"]
        .as_array()
        .map_or(999, Vec::len)
}

#[tokio::test]
async fn filters_work_or_are_silently_ignored() {
    let bench = Bench::new();
    bench.batch("t", &["a", "b", "c", "d"]).await;
    let numbered = json!({"data": {"_widget_number": {"value": 1000}, "_widget_time": {"value": "2024-01-01"}, "_widget_user": {"value": "wangxm"}}});
    bench.v5("data/create", numbered).await;
    let key = |method: &str, value: Value| json!({"field": KEY_WIDGET, "type": "text", "method": method, "value": value});
    for (cond, rows) in [
        (key("in", json!(["k-a", "k-c", "k-x"])), 2),
        (key("eq", json!(["k-b"])), 1),
        (key("nin", json!(["k-a"])), 4),
        (key("empty", json!([])), 1),
        (key("not_empty", json!([])), 4),
        (
            json!({"field": "_widget_number", "type": "number", "method": "eq", "value": [1000]}),
            1,
        ),
        (
            json!({"field": "_widget_number", "type": "number", "method": "range", "value": [1, 2000]}),
            1,
        ),
        (
            json!({"field": "_widget_number", "type": "number", "method": "gt", "value": [1000]}),
            0,
        ),
        (
            json!({"field": "_widget_user", "type": "user", "method": "eq", "value": ["wangxm"]}),
            1,
        ),
        (key("eq", json!([""])), 1),
        (
            json!({"field": "_widget_time", "type": "datetime", "method": "range", "value": ["2023-12-31", null]}),
            1,
        ),
        // not understood, so ignored: all five rows come back
        (
            json!({"field": "_widget_number", "type": "number", "method": "eq", "value": ["1000"]}),
            5,
        ),
        (
            json!({"field": "_widget_nope", "type": "text", "method": "eq", "value": ["x"]}),
            5,
        ),
        (key("matches", json!(["k-a"])), 5),
        (
            json!({"field": "_id", "method": "in", "value": ["59e9a2fe283ffa7c11b1ddbf"]}),
            5,
        ),
        (
            json!({"field": "updateTime", "method": "range", "value": ["2099-01-01", null]}),
            5,
        ),
    ] {
        assert_eq!(filtered(&bench, cond.clone()).await, rows, "{cond}");
    }
    let values: Vec<String> = (0..201).map(|i| i.to_string()).collect();
    let body = json!({"filter": {"rel": "and", "cond": [key("in", json!(values))]}});
    assert_eq!(bench.v5("data/list", body).await["code"], 4815);
    let either = json!({"limit": 100, "filter": {"rel": "or", "cond": [key("eq", json!(["k-a"])), key("empty", json!([]))]}});
    assert_eq!(
        bench.v5("data/list", either).await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn switches_turn_filters_and_fresh_rows_off() {
    let bench = Bench::with(|jdy| jdy.ignore_filters = true);
    bench.batch("t", &["a", "b"]).await;
    let cond = json!({"field": KEY_WIDGET, "type": "text", "method": "in", "value": ["k-a"]});
    assert_eq!(filtered(&bench, cond.clone()).await, 2);
    let bench = Bench::with(|jdy| jdy.list_delay_ms = 60_000);
    bench.batch("t", &["a"]).await;
    assert_eq!(filtered(&bench, cond).await, 0);
    assert!(bench.names().await.is_empty());
}

#[tokio::test]
async fn updates_are_partial_and_batches_of_them_uniform() {
    let bench = Bench::new();
    let ids = bench.batch("t", &["a", "b", "c"]).await["success_ids"].clone();
    let body = json!({"data_id": ids[0], "data": {cell_widget(1): {"value": "short"}, "_widget_nope": {"value": 1}}});
    let updated = bench.v5("data/update", body).await;
    assert_eq!(
        (&updated["data"][cell_widget(0)], &updated["data"][cell_widget(1)]),
        (&json!("a"), &json!("short"))
    );
    let body = json!({"data_ids": [ids[1], ids[2], "59e9a2fe283ffa7c11b1ddbf"], "data": {cell_widget(0): {"value": "same"}}});
    assert_eq!(bench.v5("data/batch_update", body).await["success_count"], 2);
    assert_eq!(bench.names().await, ["a", "same", "same"]);
    assert_eq!(
        bench
            .v5("data/batch_delete", json!({"data_ids": [ids[0], ids[1]]}))
            .await["success_count"],
        2
    );
    assert_eq!(
        bench.v5("data/delete", json!({"data_id": ids[2]})).await["status"],
        "success"
    );
    assert!(bench.names().await.is_empty());
}

#[tokio::test]
async fn the_seeds_old_path_creates_a_record() {
    let bench = Bench::new();
    let path = format!("/api/v2/app/{APP_ID}/entry/{ENTRY_ID}/data_create");
    let body = json!({"data": {cell_widget(0): {"value": "a"}}, "is_start_workflow": "true",
                      "is_start_trigger": "false", "transaction_id": "1"});
    let created = bench.path(&path, &body).await;
    assert_eq!(created["data"][cell_widget(0)], "a");
    assert_eq!(created["data"]["_id"].as_str().map(str::len), Some(24));
    let page = bench
        .path(
            &format!("/api/v2/app/{APP_ID}/entry/{ENTRY_ID}/data"),
            &json!({"limit": 5}),
        )
        .await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_catalogue_and_widgets_can_be_read() {
    let bench = Bench::new();
    assert_eq!(
        bench.path("/api/v5/app/list", &json!({})).await["apps"][0]["app_id"],
        APP_ID
    );
    let forms = bench
        .path("/api/v5/app/entry/list", &json!({"app_id": APP_ID}))
        .await;
    assert_eq!(forms["forms"][0]["entry_id"], ENTRY_ID);
    let widgets = bench.v5("widget/list", json!({})).await;
    assert_eq!(widgets["widgets"].as_array().unwrap().len(), 18);
    assert_eq!(widgets["widgets"][14]["name"], KEY_WIDGET);
}

#[tokio::test]
async fn limits_answer_8304_8303_and_429() {
    let bench = Bench::with(|jdy| {
        jdy.limits.insert("create".into(), Some(2));
        jdy.company_per_second = Some(4);
        jdy.concurrency = Some(3);
    });
    let now = Instant::now();
    let call = Bench::call("/api/v5/app/entry/data/create", &json!({}));
    let ask = |operation: &str, in_flight| {
        limit(&bench.state, &call, operation, in_flight, now).map(|reply| reply.code)
    };
    assert_eq!(
        [ask("create", 1), ask("create", 1), ask("create", 1)],
        [None, None, Some(8304)]
    );
    assert_eq!(
        [ask("list", 1), ask("list", 4), ask("list", 1)],
        [None, Some(429), Some(8303)]
    );
    assert_eq!(bench.state.traffic(Vendor::Jdy).report().quota_violations, 2);
    // a call without a good key uses up nobody's quota
    let request = Request::post("/api/v5/app/entry/data/create").body(()).unwrap();
    let stranger = Call::new(request.into_parts().0, Bytes::new());
    assert!(limit(&bench.state, &stranger, "create", 1, now).is_none());
}

#[tokio::test]
async fn violations_are_counted_without_enforcement() {
    let bench = Bench::with(|jdy| {
        jdy.limits.insert("create".into(), Some(1));
        jdy.enforce = false;
    });
    let call = Bench::call("/api/v5/app/entry/data/create", &json!({}));
    for _ in 0..3 {
        assert!(limit(&bench.state, &call, "create", 1, Instant::now()).is_none());
    }
    assert_eq!(bench.state.traffic(Vendor::Jdy).report().quota_violations, 2);
}
