//! Rows read page by page and through filters, updated and made by the old path; the catalogue.

use serde_json::json;

use super::*;

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
async fn lists_are_paged_and_an_app_may_have_no_form() {
    let empty = "5f0000000000000000000001";
    let bench = Bench::with(|settings| {
        settings.apps = vec![AppSpec {
            app_id: empty.into(),
            name: "空".into(),
        }];
    });
    let apps = bench
        .path("/api/v5/app/list", &json!({"skip": 0, "limit": 100}))
        .await;
    assert_eq!(apps["apps"][0], json!({"app_id": empty, "name": "空"}));
    assert_eq!(apps["apps"][1], json!({"app_id": APP_ID, "name": "OKKI"}));
    let behind = bench
        .path("/api/v5/app/list", &json!({"skip": 1, "limit": 1}))
        .await;
    assert_eq!(behind["apps"].as_array().unwrap().len(), 1);
    assert_eq!(behind["apps"][0]["app_id"], APP_ID);
    let list = "/api/v5/app/entry/list";
    let forms = bench.path(list, &json!({"app_id": empty})).await;
    assert_eq!(forms, json!({"forms": []}));
    let unknown = bench
        .path(list, &json!({"app_id": "5f0000000000000000000002"}))
        .await;
    assert_eq!(unknown["code"], 2004);
    let too_many = bench.path(list, &json!({"app_id": empty, "limit": 101})).await;
    assert_eq!(too_many["code"], 3005);
}

#[tokio::test]
async fn pages_may_be_shorter_than_asked_for_or_begin_anew_each_time() {
    let bench = Bench::with(|settings| settings.page_rows = Some(2));
    bench.batch("t", &["a", "b", "c"]).await;
    let page = bench.v5("data/list", json!({"limit": 100})).await;
    let page = page["data"].as_array().unwrap().clone();
    assert_eq!(page.len(), 2);
    let after = json!({"limit": 100, "data_id": page[1]["_id"]});
    let rest = bench.v5("data/list", after.clone()).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);

    let bench = Bench::with(|settings| settings.ignore_cursor = true);
    bench.batch("t", &["a", "b", "c"]).await;
    let all = bench.v5("data/list", after).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 3);
}
