//! What is refused, with which code, and what limits do.

use std::time::Instant;

use serde_json::json;

use crate::simulator::stalls::Arrival;

use super::*;

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
async fn limits_answer_8304_8303_and_429() {
    let bench = Bench::with(|jdy| {
        jdy.limits.insert("create".into(), Some(2));
        jdy.company_per_second = Some(4);
        jdy.concurrency = Some(3);
    });
    let now = Arrival::at(Instant::now());
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
    // a call without a good key uses up no quota
    let request = Request::post("/api/v5/app/entry/data/create").body(()).unwrap();
    let without_key = Call::new(request.into_parts().0, Bytes::new());
    assert!(limit(&bench.state, &without_key, "create", 1, now).is_none());
}

#[tokio::test]
async fn violations_are_counted_without_enforcement() {
    let bench = Bench::with(|jdy| {
        jdy.limits.insert("create".into(), Some(1));
        jdy.enforce = false;
    });
    let call = Bench::call("/api/v5/app/entry/data/create", &json!({}));
    for _ in 0..3 {
        assert!(limit(&bench.state, &call, "create", 1, Arrival::at(Instant::now())).is_none());
    }
    assert_eq!(bench.state.traffic(Vendor::Jdy).report().quota_violations, 2);
}
